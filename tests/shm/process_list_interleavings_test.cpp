// The list of processes, through every way in which three may run through each other, with some of them dying anywhere.
#include <gtest/gtest.h>

#include "shm/explored.hpp"
#include "shm/process_list_scenarios.hpp"

namespace seki::test {
namespace {

using real = process_list_scenarios<shm::process_words<stepped>>;

constexpr bounds brief{.preemptions = 2, .deaths = 1};
constexpr bounds deep{.preemptions = 3, .deaths = 1};

// Each of these fails if one who lives is taken off the list by another, is on it without its lock or described as another, asks the kernel about itself and so drops
// its lock, or if the dead keep somebody out. tests/shm/process_list_planted_errors_test.cpp shows that they can.

TEST(ProcessListInterleavings, OneOfThreeHasTheSlot) {
    expect_none_fails(brief, deep, real::three_come);
    expect_none_fails({.preemptions = 1, .deaths = 2}, {.preemptions = 2, .deaths = 2}, real::three_come);
}

TEST(ProcessListInterleavings, WhoLooksTakesOffTheDeadAlone) {
    expect_none_fails({.preemptions = 2, .deaths = 2}, {.preemptions = 3, .deaths = 2}, real::two_follow_each_other);
}

TEST(ProcessListInterleavings, WhoLosesItsLockStaysAsLongAsItIsSeenToLive) {
    for (const auto& each : {real::a_stranger_loses_its_lock, real::a_look_alike_loses_its_lock,
                             real::a_look_alike_follows<&shm::process_identity::pid>})
        expect_none_fails(brief, deep, each);
}

TEST(ProcessListInterleavings, TwoCopiesInOneProcessKeepEachOthersLock) {
    expect_none_fails({.preemptions = 3, .deaths = 0}, {.preemptions = 3, .deaths = 0}, real::two_copies_come);
    expect_none_fails({.preemptions = 3, .deaths = 0}, {.preemptions = 5, .deaths = 0},
                      real::two_copies_come_beside_another);
}

}  // namespace
}  // namespace seki::test
