"""Rules that read the text of the tree and need no tool. Each is a function from a Tree to a list of findings."""

import re

from .tree import CXX, at

# The one file that names an atomic instruction. Tests and benches may have atomics of their own, never in a segment.
ATOMICS_ALLOWED = ("src/shm/memory.hpp", "tests/", "bench/")
ATOMIC = re.compile(
    r"<atomic>|<stdatomic\.h>|\bstd::atomic|\batomic_ref\b|\b_Atomic\b|\b__atomic_\w+|\b__sync_\w+|\bmemory_order"
)

# Marks of work that is not done, and of tests that do not run; put together so that this file does not hold them.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b|\bDIS" r"ABLED_\w+|\bGTEST_" r"SKIP\b")

LONGEST = 600

FIGURE = re.compile(r"^[~≈<>≤≥= ]*\d[\d.,]*\s*(ns|µs|us|x|×|GB/s|M/s|million/s|million a second)$")
COMMAND = re.compile(r"(^|`|^    .*)(\./)?(tools/\w|bench/\w|build[\w-]*/\w|sekictl bench)")
NEAR = 10


def atomics(tree):
    """Atomic instructions are named in src/shm/memory.hpp alone."""
    return [
        at(path, number, f'"{found.group()}" outside src/shm/memory.hpp: add a named access to its `hardware` instead')
        for path in tree.files(*CXX)
        if not path.startswith(ATOMICS_ALLOWED)
        for number, line in tree.code_lines(path)
        if (found := ATOMIC.search(line))
    ]


def no_volatile(tree):
    """Nothing is volatile: it orders nothing between threads."""
    return [
        at(path, number, "volatile orders nothing between threads: use an access of src/shm/memory.hpp")
        for path in tree.files(*CXX)
        for number, line in tree.code_lines(path)
        if re.search(r"\bvolatile\b", line)
    ]


def layer_order(tree):
    """The layers as src/CMakeLists.txt lists them; what else is in src/ comes after all of them."""
    path = "src/CMakeLists.txt"
    declared = re.findall(r"^seki_layer\((\w+)", tree.text(path), re.MULTILINE) if path in tree.paths else []
    return declared + sorted({p.split("/")[1] for p in tree.files(*CXX, under=("src/",))} - set(declared))


def layers(tree):
    """A layer includes layers above it in src/CMakeLists.txt; public headers public ones and the standard library."""
    order = layer_order(tree)
    public = re.compile(r"[a-z_0-9]+|seki/\w+\.hp?p?|std\w+\.h|cxxabi\.h")
    findings = []
    for path in tree.files(*CXX, under=("src/", "include/")):
        own = path.split("/")[1]
        for number, line in tree.code_lines(path):
            found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line)
            if not found:
                continue
            quote, name = found.groups()
            used = name.split("/")[0]
            if path.startswith("include/"):
                if quote == '"' or not public.fullmatch(name):
                    message = f"a public header includes <seki/...> and the standard library, not {name}"
                    findings.append(at(path, number, message))
            elif quote == '"' and used in order and order.index(used) > order.index(own):
                findings.append(at(path, number, f"{own} must not know {used}: the order is {', '.join(order)}"))
    return findings


def unfinished(tree):
    """No marks of unfinished work, no disabled or skipped tests."""
    return [
        at(path, number, f"\"{found.group()}\": finish it, or write an issue and delete the mark")
        for path in tree.files(*CXX, ".py", ".sh", ".md", ".txt", ".cmake", ".toml", ".pml", ".in")
        for number, line in tree.lines(path)
        if (found := UNFINISHED.search(line))
    ]


def long_files(tree):
    """A file holds one idea: at most 600 lines."""
    return [
        f"{path}: {count} lines, more than {LONGEST}: is there more than one idea in it?"
        for path in tree.files(*CXX, ".py", ".sh", ".cmake")
        if (count := len(tree.lines(path)) - 1) > LONGEST
    ]


def blanks(tree):
    """No blanks at the end of a line, no tab in C++, one newline at the end of a file."""
    findings = []
    for path in tree.paths:
        if path.startswith(("tests/hostile/corpus/", "LICENSE", "src/daemon/dashboard/uPlot/")):
            continue
        lines = tree.lines(path)
        for number, line in lines:
            if line.endswith((" ", "\t", "\r")):
                findings.append(at(path, number, "blanks at the end of the line"))
            if "\t" in line and path.endswith(CXX):
                findings.append(at(path, number, "a tab: indent with spaces"))
        if lines and (lines[-1][1] != "" or len(lines) > 1 and lines[-2][1] == ""):
            findings.append(at(path, lines[-1][0], "the file must end in one newline, without empty lines before it"))
    return findings


def tables(lines):
    """(first, last) line numbers of the markdown tables outside fenced blocks."""
    fenced, first = False, None
    for number, line in [*lines, (len(lines) + 1, "")]:
        fenced ^= line.lstrip().startswith("```")
        row = line.lstrip().startswith("|") and not fenced
        if row and first is None:
            first = number
        if not row and first is not None:
            yield first, number - 1
            first = None


def figures(tree):
    """A table of measured figures has the command that prints them within ten lines: `tools/..`, `bench/..`."""
    findings = []
    for path in tree.files(".md"):
        lines = tree.lines(path)
        for first, last in tables(lines):
            rows = [line.strip().strip("|").split("|") for _, line in lines[first - 1 : last]]
            measured = [cell for row in rows for cell in row if FIGURE.match(cell.strip(" *`"))]
            near = lines[max(0, first - 1 - NEAR) : first - 1] + lines[last : last + NEAR]
            if len(measured) > 1 and not any(COMMAND.search(line) for _, line in near):
                findings.append(at(path, first, f"figures, and no command within {NEAR} lines that prints them"))
    return findings
