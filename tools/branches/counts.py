"""Which branches of some files were taken, as clang's source coverage counted."""

import collections
import concurrent.futures
import dataclasses
import json
import os
import re
import subprocess


@dataclasses.dataclass(frozen=True, order=True)
class Branch:
    file: str
    row: int
    column: int
    line: str  # as it stands there
    condition: str  # on one line; of a function that nobody calls: its line
    taken: tuple  # ever true, ever false

    @property
    def outcomes(self):
        """How it never came out."""
        return {outcome for outcome, seen in zip(("true", "false"), self.taken) if not seen}


def merge(profiles, where):
    files = profiles / "files"
    files.write_text("\n".join(str(each) for each in sorted(profiles.glob("*.profraw"))) + "\n", encoding="utf-8")
    subprocess.run(
        ["llvm-profdata-19", "merge", "--sparse", "--failure-mode=all", "--input-files", files, "-o", where],
        check=True, stderr=subprocess.DEVNULL,
    )


def branches(root, programs, profile, wanted):
    """All of the files that `wanted` tells, below the root. Each instantiation of a template has its own, and they count as one: taken when it is taken in some."""
    taken, called, names = collections.defaultdict(lambda: [False, False]), collections.defaultdict(bool), {}
    # One program at a time: of several, functions that have the same name but for an unnamed namespace would be taken for one.
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for data in pool.map(lambda program: exported(profile, program), programs):
            for each in data["files"]:
                path = each["filename"]
                # The layers are reached by links in the build folder.
                names[path] = names.get(path) or os.path.relpath(os.path.realpath(path), root)
                for *place, yes, no, _, _, _ in each["branches"] if wanted(names[path]) else ():
                    at = taken[path, *place]
                    at[0] |= yes > 0
                    at[1] |= no > 0
            for each in data["functions"]:
                if each["regions"] and wanted(names[each["filenames"][0]]):
                    called[each["filenames"][0], *each["regions"][0][:2]] |= each["count"] > 0
        never_reached = {key[0] for key, seen in taken.items() if not any(seen)}
        unknown = set().union(*pool.map(lambda program: undecided(profile, program, never_reached), programs)) if never_reached else set()
    texts = {path: (root / name).read_text(encoding="utf-8").splitlines() for path, name in names.items() if wanted(name)}
    found = [
        Branch(names[path], row, column, texts[path][row - 1].strip(), text_of(texts[path], row, column, last_row, last_column), tuple(seen))
        for (path, row, column, last_row, last_column), seen in taken.items()
        if (any(seen) or (path, row, column) in unknown) and not is_none(texts[path], row, column)
    ]
    joined = {(each.file, each.row, each.column) for each in found if not joins(each)}
    found = [each for each in found if not joins(each) or (each.file, each.row, each.column) not in joined]  # that is theirs whom it joins
    # A function that nobody calls has no branches in what is counted: it is one that was never reached.
    for (path, row, column), is_called in called.items():
        line = texts[path][row - 1].strip()
        if not is_called and "= default;" not in line:
            found.append(Branch(names[path], row, column, line, line, (False, False)))
    return sorted(found)


def exported(profile, program):
    told = subprocess.run(["llvm-cov-19", "export", "-instr-profile", profile, program], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(told.stdout)["data"][0]


def undecided(profile, program, paths):
    """Where the compiler does not know the condition: else there is no branch, and only this view tells that from one that was never reached."""
    shown = subprocess.run(
        ["llvm-cov-19", "show", "--show-branches=count", "--show-instantiations=false", "-instr-profile", profile, program, "-sources", *sorted(paths)],
        check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace",
    ).stdout
    told, path = set(), min(paths)
    for header, row, column in re.findall(r"^(/.*):$|Branch \((\d+):(\d+)\): \[True", shown, re.MULTILINE):
        if header:
            path = header
        else:
            told.add((path, int(row), int(column)))
    return told


def is_none(lines, row, column):
    """Of a comparison that the compiler writes, and that none of the cases of a switch holds, which name every one where there is no default."""
    return "= default;" in lines[row - 1] or "".join(lines[row - 2 : row - 1] + [lines[row - 1][: column - 1]]).rstrip().endswith("switch (")


def folded(about, paths):
    """Where the compiler knows the condition, in every instantiation: no branch, and only this view tells it from one that was never reached."""
    shown = subprocess.run(
        ["llvm-cov-19", "show", "--show-branches=count", "--show-instantiations=false", *about, "-sources", *sorted(paths)],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace",
    ).stdout
    told, path = collections.defaultdict(set), min(paths, default="")
    for header, row, column, what in re.findall(r"^(/.*):$|Branch \((\d+):(\d+)\): \[(Folded|True)", shown, re.MULTILINE):
        if header:
            path = header
        else:
            told[path, int(row), int(column)].add(what)
    return {place for place, whats in told.items() if whats == {"Folded"}}


def uncalled(functions, names, texts):
    """Those that nobody calls have no branches in what is counted: each is one that was never reached."""
    called = collections.defaultdict(bool)
    for each in functions:
        path = each["filenames"][0]
        if path in texts and each["regions"]:
            row, column = each["regions"][0][:2]
            called[path, row, column] |= each["count"] > 0
    for (path, row, column), is_called in called.items():
        if not is_called:
            line = texts[path][row - 1].strip()
            yield Branch(names[path], row, column, line, line, (False, False))


def joins(branch):
    return " && " in branch.condition or " || " in branch.condition


def text_of(lines, row, column, last_row, last_column):
    rows = lines[row - 1 : last_row]
    rows[-1] = rows[-1][: last_column - 1]
    rows[0] = rows[0][column - 1 :]
    return " ".join(" ".join(rows).split())
