"""A toy whose mutants are known: which of them its test kills, which it does not notice, and which it never comes by."""

import pathlib
import subprocess

from . import points, schemata
from .trial import Trial

SOURCE = """\
#pragma once
// Not changed: what the compiler computes.
constexpr unsigned most = 4;
static_assert(most + 1 == 5);
struct memory {
    static unsigned load_acquire(const unsigned& w) { return w; }
    static unsigned load_relaxed(const unsigned& w) { return w; }
    static bool cas_once(unsigned& w, unsigned expected, unsigned desired) {
        if (w != expected) return false;
        w = desired;
        return true;
    }
    static void prefetch(const void*) {}
};
template <class Memory>
inline unsigned take(unsigned& left, unsigned wanted) {
    unsigned found = Memory::load_acquire(left);
    if (found < wanted) return 0;  // https://a.example: no comment is changed
    while (!Memory::cas_once(left, found, found - wanted)) found = left;
    return wanted;
}
inline void forget(unsigned& left) { left = most; }
inline unsigned careless(unsigned a) {
    unsigned b = a;
    if (a > most) b = most;  // nobody calls it with more
    return b;
}
inline unsigned at_most(unsigned a) {
    if (a > most) a = most;  // of a == most it is the same
    return a;
}
inline unsigned apart(unsigned a, unsigned b) {
    memory::prefetch(&a);  // changes nothing, as > for >= would
    return a > b ? a - b
                 : b - a;
}
"""

TEST = """\
#include <gtest/gtest.h>
#include "seki_mutant.hpp"
#include "toy.hpp"
TEST(Toy, TakesWhatThereIs) {
    unsigned left = 3;
    EXPECT_EQ(take<memory>(left, 3), 3U);
    EXPECT_EQ(left, 0U);
    EXPECT_EQ(take<memory>(left, 3), 0U);
    forget(left);
    EXPECT_EQ(left, 4U);
}
TEST(Toy, NotAbove) {
    EXPECT_EQ(careless(2), 2U);
    EXPECT_EQ(at_most(3), 3U);
    EXPECT_EQ(at_most(5), 4U);
}
TEST(Toy, HowFarApart) {
    EXPECT_EQ(apart(5, 3), 2U);
    EXPECT_EQ(apart(3, 5), 2U);
}
int main(int count, char** words) {
    testing::InitGoogleTest(&count, words);
    return RUN_ALL_TESTS();
}
"""

# (what a line holds, change): killed? None: not come by. Every mutant of the toy but the weakened order stands here.
KNOWN = {
    ("if (w != expected)", "!= -> =="): True,
    ("if (w != expected)", "false -> true"): None,
    ("w = desired", "without w = desired"): True,
    ("return true", "true -> false"): True,
    ("if (found < wanted)", "< -> >="): True,
    ("if (found < wanted)", "< -> <="): True,
    ("if (found < wanted)", "0 -> 0 + 1"): True,
    ("while", "!Memory::cas_once(left, found, found - wanted) -> not"): True,
    ("while", "without Memory::cas_once(left, found, found - wanted), as if it had been done"): True,
    ("while", "- -> +"): True,
    ("while", "without found = left"): None,
    ("left = most", "without left = most"): True,
    ("if (a > most) b", "> -> <="): True,
    ("if (a > most) b", "> -> >="): False,
    ("if (a > most) b", "without b = most"): None,
    ("if (a > most) a", "> -> <="): True,
    ("if (a > most) a", "> -> >="): False,
    ("if (a > most) a", "without a = most"): True,
    ("? a - b", "> -> <="): True,
    ("? a - b", "- -> +"): True,
    (": b - a", "- -> +"): True,
}


def self_test(where):
    toy = where / "src" / "toy.hpp"
    toy.parent.mkdir(parents=True, exist_ok=True)
    toy.write_text(SOURCE, encoding="utf-8")
    found = sorted(points.find(where, ["src/toy.hpp"], unit_text='#include "toy.hpp"\n'), key=lambda each: each.start)
    built = where / "built"
    built.mkdir(exist_ok=True)
    (built / "toy.hpp").write_text(schemata.with_all(SOURCE, list(enumerate(found, 1))), encoding="utf-8")
    (built / "toy_test.cpp").write_text(TEST, encoding="utf-8")
    here = pathlib.Path(__file__).resolve().parent
    subprocess.run(["g++", "-std=c++23", "-w", "-I", here, "-I", built, built / "toy_test.cpp", "-o", built / "toy_test", "-lgtest"], check=True)
    trial = Trial(where, built, 2, 60)
    (where / "recorded").unlink(missing_ok=True)
    tests = trial.record(["toy_test"], len(found))
    wrong, seen = [], set()
    for number, point in enumerate(found, 1):
        line = SOURCE[SOURCE.rfind("\n", 0, point.start) + 1 : SOURCE.find("\n", point.end)].strip()
        if point.kind == "order":
            seen.add("order")
            continue
        place = next((each for each in KNOWN if each[0] in line and each[1] == point.change), None)
        if place is None or place in seen:
            wrong.append(f"a mutant that there should not be: {point.change}: {line}")
            continue
        seen.add(place)
        killer, _ = trial.judge(number, point.file, tests)
        fate = bool(killer) if any(number in each.reached for each in tests) else None
        if fate is not KNOWN[place]:
            wrong.append(f"{point.change}: {line}: {fate}, and not {KNOWN[place]}")
    wrong += [f"no mutant: {each}" for each in {*KNOWN, "order"} - seen]
    trial.clean()
    print("\n".join(wrong) or f"tools/mutants: all {len(found)} mutants of the toy fare as they must")
    return 1 if wrong else 0
