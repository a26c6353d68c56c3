"""A toy whose branches are known: which are taken, which are explained, and which explanations are none."""

import os
import pathlib
import subprocess

from . import counts, explanations

# Each program has an asker of its own, by the same name: what either did must be counted.
HEADER = """\
template <class Asker>
bool asks(Asker asker, int value) {
    if (asker(value)) return true;
    if constexpr (Asker::asks_twice) {
        if (asker(value + 1)) return true;
    }
    return value == 7;
}
"""
OTHER = """\
#include "toy.hpp"
namespace {
struct asker {
    static constexpr bool asks_twice = false;
    bool operator()(int value) const { return value < 3; }
};
}
int main(int count, char**) { return asks(asker{}, count) ? 0 : 1; }
"""
SOURCE = """\
#include <signal.h>
#include <unistd.h>
#include "toy.hpp"
namespace {
struct asker {
    static constexpr bool asks_twice = true;
    bool operator()(int value) const { return value == 100; }
};
}
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
    if (asks(asker{}, 5)) return 4;
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

UNEXPLAINED = {("inline int nobody_calls(int value) { return value > 7 ? 1 : 0; }", "false, true"), ("count == 9", "true"), ("is_great(count)", "true"), ("asks(asker{}, 5)", "true"), ("asker(value + 1)", "true")}
STALE = {"toy.cpp: never true: count != 3: it came about", "toy.cpp: never true: count == 5: there is no such branch"}


def self_test(where, flags):
    """Nothing, or what is wrong with who counts and judges. The toy kills itself: what it did must be counted all the same."""
    profiles = where / "profiles"
    subprocess.run(["rm", "-rf", where], check=True)
    profiles.mkdir(parents=True)
    (where / "toy.hpp").write_text(HEADER, encoding="utf-8")
    programs = []
    for name, source in (("other", OTHER), ("toy", SOURCE)):
        (where / f"{name}.cpp").write_text(source, encoding="utf-8")
        programs.append(where / name)
        subprocess.run(["clang++-19", *flags, "-Wno-unused-command-line-argument", where / f"{name}.cpp", "-o", where / name], check=True)
        subprocess.run([where / name], check=False, env=dict(os.environ, LLVM_PROFILE_FILE=f"{profiles}/%p%c.profraw"))
    counts.merge(profiles, where / "toy.profdata")
    found = counts.branches(where, programs, where / "toy.profdata", lambda name: name.startswith("toy."))
    verdict = explanations.judge(found, EXPLANATIONS)
    unexplained = {(each.condition, ", ".join(sorted(outcomes))) for each, outcomes in verdict.unexplained}
    wrong = [f"unexplained: {each}" for each in unexplained ^ UNEXPLAINED]
    wrong += [f"an explanation that is none: {each}" for each in set(verdict.stale) ^ STALE]
    if len(found) != 11:
        wrong.append(f"{len(found)} branches, and not 11: {[each.condition for each in found]}")
    return wrong
