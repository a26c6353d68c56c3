"""Which part of the lines of some files was reached: llvm-cov export --summary-only | reached_lines.py WHAT FILE ..."""

import json
import os
import sys

what, *wanted = sys.argv[1:]
reached = {}
for each in json.load(sys.stdin)["data"][0]["files"]:
    name = os.path.relpath(os.path.realpath(each["filename"]))
    if name in wanted:
        reached[name] = each["summary"]["lines"]
for name in wanted:
    print(f"  {name}: {reached[name]['covered']} of {reached[name]['count']} lines")
covered, count = (sum(lines[key] for lines in reached.values()) for key in ("covered", "count"))
print(f"{what}: {covered} of {count} lines reached: {100 * covered / count:.1f} %")
