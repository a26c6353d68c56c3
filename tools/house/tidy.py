"""The rule that asks clang-tidy, which takes seconds for each file: what was found clean is not looked at again until it changes."""

import functools
import hashlib
import itertools
import json
import os
import pathlib
import re
import shlex
import subprocess
import time

from .tool_rules import in_parallel, run

CLANG_TIDY = "clang-tidy-19"
TIDIED = ("src/", "tools/", "tests/", "bench/")


@functools.cache
def digest(path):
    """Of what stands in a file; a header is asked for by every file that includes it."""
    try:
        return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
    except OSError:
        return ""


class Clean:
    """What was found clean, beside ccache's folder: for each file a list of all that it included, and what stood there."""

    def __init__(self, tree):
        self.root = f"{tree.root}/"
        self.folder = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "seki-tidy"
        version = subprocess.run([CLANG_TIDY, "--version"], capture_output=True, text=True, check=True).stdout
        rules = [tree.text(path) for path in tree.paths if path.endswith(".clang-tidy")]
        self.always = [version, *rules]

    def record(self, entry):
        """Whose name says how the file is compiled and by what rules, in whatever clone."""
        key = "\0".join([*self.always, entry["command"].replace(self.root, ""), entry["file"].replace(self.root, "")])
        return self.folder / hashlib.sha256(key.encode()).hexdigest()

    def knows(self, entry):
        try:
            listed = json.loads(self.record(entry).read_text())
        except (OSError, ValueError):
            return False
        return all(digest(os.path.join(self.root, path)) == was for path, was in listed.items())

    def learn(self, entry):
        command = [*shlex.split(entry["command"].split(" -o ")[0]), "-w", "-M", "-MT", "x", entry["file"]]
        said = subprocess.run(command, cwd=entry["directory"], capture_output=True, text=True, check=False)
        if said.returncode != 0:
            return
        included = said.stdout.partition(":")[2].replace("\\\n", " ").split()
        paths = [os.path.join(entry["directory"], path) for path in included]
        record = self.record(entry)
        record.parent.mkdir(parents=True, exist_ok=True)
        unfinished = record.with_suffix(f".{os.getpid()}")
        unfinished.write_text(json.dumps({path.removeprefix(self.root): digest(path) for path in paths}))
        unfinished.replace(record)


def by_age(tree, paths):
    """What was changed last comes first, so that a run that is cut short has seen it. Of the others, each commit begins with different ones."""

    def git(*arguments):
        said = subprocess.run(["git", "-c", "safe.directory=*", *arguments], cwd=tree.root, capture_output=True, text=True, check=False)
        return said.stdout.split("\n")

    changed = git("ls-files", "-mo", "--exclude-standard") + git("log", "-20", "--format=", "--name-only")
    age = {path: number for number, path in reversed(list(enumerate(changed)))}
    commit = git("rev-parse", "HEAD")[0]
    return sorted(paths, key=lambda p: (age.get(p, len(changed)), hashlib.sha256(f"{commit}{p}".encode()).hexdigest()))


def tidy(tree):
    """clang-tidy-19 finds nothing in any source file, nor in the headers it includes. SEKI_TIDY_SECONDS: begins no file after that."""
    folder = tree.root / "build-check"
    configured = run(tree, ["cmake", "--preset", "check"])
    if configured:
        return configured
    entries = {entry["file"]: entry for entry in json.loads((folder / "compile_commands.json").read_text())}
    paths = [p for p in tree.files(".cpp", under=TIDIED) if str(tree.root / p) in entries]
    clean = Clean(tree)
    unknown = by_age(tree, [p for p in paths if not clean.knows(entries[str(tree.root / p)])])
    print(f"   {len(paths)} files, {len(unknown)} of them not known to be clean", flush=True)
    last = time.monotonic() + float(os.environ.get("SEKI_TIDY_SECONDS", "inf"))
    progress = itertools.count(1)
    left = []

    def own_path(finding):
        """A layer's header by its place in src/, not by the link through which it was included."""
        return re.sub(rf"{re.escape(str(folder))}/layers/\w+/", "src/", finding).replace(f"{tree.root}/", "")

    def look(path):
        if time.monotonic() > last:
            left.append(path)
            return []
        said = "\n".join(run(tree, [CLANG_TIDY, "--quiet", "--extra-arg=-w", "-p", str(folder), path]))
        if not said:
            clean.learn(entries[str(tree.root / path)])
        found = [own_path(text.strip()) for text in re.split(r"^(?=/\S+: (?:error|warning): )", said, flags=re.MULTILINE)]
        print("\n".join([f"   [{next(progress)}/{len(unknown)}] {path}", *(f for f in found if ": error: " in f)]), flush=True)
        return found

    # What stands in a header is found by every file that includes it, and told once.
    findings = list(dict.fromkeys(finding for finding in in_parallel(look, unknown) if ": error: " in finding))
    if left:
        print(f"   {len(left)} files were not looked at in {os.environ['SEKI_TIDY_SECONDS']} s: {' '.join(sorted(left))}")
    return findings
