"""A toy whose branches are known: which are taken, which are explained, and which explanations are none."""

import os
import pathlib
import subprocess

from . import counts, explanations

SOURCE = """\
#include <signal.h>
#include <unistd.h>
template <class T>
bool is_great(T value) {
    if (sizeof(T) > 64) return true;
    return value > 3;
}
inline int nobody_calls(int value) { return value > 7 ? 1 : 0; }
int main(int count, char**) {
    if (count == 9) return 1;
    if (count == 8) return 2;
    while (count != 3) ++count;
    const bool great = is_great(count) || is_great(5L);
    if (great && count == 4)
        return 3;
    return ::kill(::getpid(), 9);
}
"""
EXPLANATIONS = """
[[untaken]]
file = "toy.cpp"
never_true = ["count == 8", "count != 3"]
why = "the second is wrong: it was"

[[untaken]]
file = "toy.cpp"
line = "if (great && count == 4)"
never_true = ["count == 4", "count == 5"]
why = "the second is wrong: there is none"

[[untaken]]
file = "toy.cpp"
never_true = ["is_great(5L)"]
never_false = ["great", "is_great(5L)"]
by_chance = true
why = "the first is as if it came about in some runs"
"""

UNEXPLAINED = {("inline int nobody_calls(int value) { return value > 7 ? 1 : 0; }", "false, true"), ("count == 9", "true"), ("is_great(count)", "true")}
STALE = {"toy.cpp: never true: count != 3: it came about", "toy.cpp: never true: count == 5: there is no such branch"}


def self_test(where, flags):
    """Nothing, or what is wrong with who counts and judges. The toy kills itself: what it did must be counted all the same."""
    profiles = where / "profiles"
    subprocess.run(["rm", "-rf", where], check=True)
    profiles.mkdir(parents=True)
    (where / "toy.cpp").write_text(SOURCE, encoding="utf-8")
    subprocess.run(["clang++-19", *flags, "-Wno-unused-command-line-argument", where / "toy.cpp", "-o", where / "toy"], check=True)
    subprocess.run([where / "toy"], check=False, env=dict(os.environ, LLVM_PROFILE_FILE=f"{profiles}/%p%c.profraw"))
    counts.merge(profiles, where / "toy.profdata")
    found = counts.branches(where, [where / "toy"], where / "toy.profdata", lambda name: name == "toy.cpp")
    verdict = explanations.judge(found, EXPLANATIONS)
    unexplained = {(each.condition, ", ".join(sorted(outcomes))) for each, outcomes in verdict.unexplained}
    wrong = [f"unexplained: {each}" for each in unexplained ^ UNEXPLAINED]
    wrong += [f"an explanation that is none: {each}" for each in set(verdict.stale) ^ STALE]
    if len(found) != 8:
        wrong.append(f"{len(found)} branches, and not 8: {[each.condition for each in found]}")
    return wrong
