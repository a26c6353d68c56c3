"""Rules that ask a tool. Each is a function from a Tree to a list of findings."""

import concurrent.futures
import itertools
import os
import subprocess

from .tree import CXX

CLANG_FORMAT = "clang-format-19"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
COMPILERS = {
    ".hpp": [["g++", "-x", "c++", "-std=c++23"], ["clang++-19", "-x", "c++", "-std=c++23"]],
    ".h": [["gcc", "-x", "c", "-std=c99"], ["clang-19", "-x", "c", "-std=c99"], ["g++", "-x", "c++", "-std=c++23"]],
}


def run(tree, command, **options):
    """What the command said, if it failed."""
    done = subprocess.run(command, cwd=tree.root, capture_output=True, text=True, check=False, **options)
    return [] if done.returncode == 0 else [(done.stdout + done.stderr).strip() or f"{command[0]} failed"]


def in_parallel(function, items):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(itertools.chain.from_iterable(pool.map(function, items)))


def formatting(tree):
    """clang-format-19 would change nothing."""

    def unformatted(path):
        differs = run(tree, [CLANG_FORMAT, "--dry-run", "-Werror", path])
        return [f"{path}: run {CLANG_FORMAT} -i {path}"] if differs else []

    return in_parallel(unformatted, tree.files(*CXX))


def headers(tree):
    """Each public header compiles alone, with g++ and with clang 19."""

    def compile_alone(job):
        command, path = job
        source = f"#include <{path.removeprefix('include/')}>\n"
        return run(tree, [*command, *WARNINGS, "-fsyntax-only", "-Iinclude", "-"], input=source)

    paths = tree.files(*COMPILERS, under=("include/",))
    return in_parallel(compile_alone, [(c, p) for p in paths for c in COMPILERS[p[p.rindex(".") :]]])


def manuals(tree):
    """mandoc has nothing to say about the manual pages."""

    def lint(path):
        return run(tree, ["mandoc", "-T", "lint", "-W", "warning", path])

    return in_parallel(lint, tree.files(".1", ".5", ".8", under=("docs/",)))


def scripts(tree):
    """shellcheck finds nothing in the shell scripts."""
    paths = [p for p in tree.paths if p.endswith(".sh") or tree.text(p).startswith("#!/usr/bin/env bash")]
    return run(tree, ["shellcheck", "-x", "-S", "warning", "-P", "SCRIPTDIR", "-s", "bash", *paths]) if paths else []
