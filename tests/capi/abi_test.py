#!/usr/bin/env python3
"""What programs of C were built against stays so: functions and the versions of their symbols, structs to the byte, constants.

usage: abi_test.py LIBRARY INCLUDE LIST [--update]

Reads the declarations in INCLUDE/seki/*.h, asks a C compiler for sizes, offsets and values, and readelf for the symbols of LIBRARY, and compares
all that with LIST. Fails when anything that is in LIST is another now or gone, when something is not in it yet (--update adds it), and when the
library exports a symbol that is neither a function of the headers nor of the C++ interface.
"""

import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
STRUCT = re.compile(r"typedef struct (\w+) \{(.*?)\} \1;", re.DOTALL)
ENUM = re.compile(r"enum \{(.*?)\};", re.DOTALL)
FUNCTION = re.compile(r"SEKI_C_API ([^;]*?)\b(seki_\w+)\((.*?)\)(?: SEKI_NOTHROW)?;", re.DOTALL)
OTHER_TYPE = re.compile(r"typedef (?!struct \w+ \{)([^;{]*);")
CONSTANT = re.compile(r"^#define (SEKI_\w+) +\(?(-?\w+)\)?$", re.MULTILINE)
MACROS = {"SEKI_NOTHROW", "SEKI_C_API"}


def one_line(text):
    return re.sub(r"\s+", " ", text).strip()


def fields_of(body):
    """{name: declaration} of each member; its name is the last word before its `;` and any `[n]`."""
    declared = [one_line(line) for line in body.split(";") if line.strip()]
    return {re.search(r"(\w+)(\[[^\]]*\])*$", line).group(1): line for line in declared}


def ask_compiler(header, structs, constants):
    lines = []
    for name, fields in structs.items():
        lines.append(f'printf("struct {name}, %zu bytes\\n", sizeof({name}));')
        for field, declaration in fields.items():
            what = f"offsetof({name}, {field}), sizeof((({name}*)0)->{field})"
            lines.append(f'printf("struct {name}: %2zu, %2zu bytes: {declaration}\\n", {what});')
    for name in constants:
        lines.append(f'printf("constant {name} = %lld\\n", (long long){name});')
    program = "#include <stddef.h>\n#include <stdio.h>\n#include <seki/seki.h>\nint main(void) {\n" + "\n".join(lines)
    with tempfile.TemporaryDirectory() as folder:
        source, built = pathlib.Path(folder, "ask.c"), pathlib.Path(folder, "ask")
        source.write_text(program + "\nreturn 0;\n}\n", encoding="utf-8")
        subprocess.run([os.environ.get("CC", "cc"), "-std=c99", "-I", header, source, "-o", built], check=True)
        return subprocess.run([built], check=True, capture_output=True, text=True).stdout.splitlines()


def symbols_of(library):
    """{name: version} of what the library exports to C, and the names of all else."""
    listed = subprocess.run(["readelf", "-W", "--dyn-syms", library], check=True, capture_output=True, text=True).stdout
    to_c, others = {}, []
    for line in listed.splitlines():
        words = line.split()
        if len(words) < 8 or words[6] in ("UND", "Ndx") or words[4] not in ("GLOBAL", "WEAK", "UNIQUE") or words[6] == "ABS":
            continue
        name, _, version = words[7].partition("@")
        if name.startswith("_Z"):
            continue
        if name.startswith("seki_"):
            to_c[name] = version.lstrip("@") or "no version"
        else:
            others.append(name)
    return to_c, others


def found(library, include):
    text = COMMENT.sub("", "\n".join(p.read_text(encoding="utf-8") for p in sorted(pathlib.Path(include, "seki").glob("*.h"))))
    structs = {name: fields_of(body) for name, body in STRUCT.findall(text)}
    constants = [re.match(r"\w+", one.strip()).group() for body in ENUM.findall(text) for one in body.split(",") if one.strip()]
    constants += [name for name, _ in CONSTANT.findall(text) if name not in MACROS and "VERSION" not in name]
    functions = {name: f"{one_line(returns)} {name}({one_line(arguments)})" for returns, name, arguments in FUNCTION.findall(text)}
    symbols, others = symbols_of(library)
    lines = [f"type {one_line(body)}" for body in OTHER_TYPE.findall(text)]
    lines += ask_compiler(include, structs, constants)
    lines += [f"function {symbols.get(name, 'NOT EXPORTED')} {functions[name]}" for name in functions]
    lines += [f"symbol without a declaration: {name}" for name in symbols if name not in functions]
    lines += [f"symbol of neither interface: {name}" for name in others]
    return sorted(lines)


def main(library, include, kept, *rest):
    kept = pathlib.Path(kept)
    now = found(library, include)
    if rest == ("--update",):
        kept.write_text("\n".join(now) + "\n", encoding="utf-8")
        return 0
    before = kept.read_text(encoding="utf-8").splitlines()
    if before == now:
        print(f"{len(now)} lines of {kept.name} hold")
        return 0
    print(*difflib.unified_diff(before, now, f"{kept} (what programs were built against)", "now", lineterm="", n=0), sep="\n")
    print(f"\nNothing that is there may change. What is new is added with: {sys.argv[0]} {library} {include} {kept} --update")
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
