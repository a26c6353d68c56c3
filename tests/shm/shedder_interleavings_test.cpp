// What a shedder has in shared memory, through every way in which three requests may run through each other, with some of them dying anywhere.
#include <gtest/gtest.h>

#include "shm/explored.hpp"
#include "shm/permits.hpp"
#include "shm/shedder_scenarios.hpp"
#include "shm/shedder_state.hpp"

namespace seki::test {
namespace {

using codel = codel_scenarios<shm::shedder_state<stepped>>;
using beyond = beyond_scenarios<shm::shedder_places<stepped>>;
using priorities = priority_scenarios<shm::permits<stepped>>;

// Each of these fails if several requests make of CoDel's state what they could not one after the other: two are dropped where one is due, or none; or if more of a
// priority are let in than it may have, with those beyond the places that all have. tests/shm/shedder_planted_errors_test.cpp shows that they can.

TEST(ShedderInterleavings, CoDelIsThatOfSomeOrder) {
    expect_none_fails({.preemptions = 4, .deaths = 0}, codel::all_are_late);
    expect_none_fails({.preemptions = 4, .deaths = 0}, codel::one_is_quick);
}

TEST(ShedderInterleavings, CoDelIsThatOfSomeOrderWithTheDead) {
    expect_none_fails({.preemptions = 3, .deaths = 2}, codel::all_are_late);
    expect_none_fails({.preemptions = 3, .deaths = 2}, codel::one_is_quick);
}

TEST(ShedderInterleavings, APriorityHasItsPart) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, priorities::three_come_at_once);
}

TEST(ShedderInterleavings, WhatIsBeyondIsSeenByWhoCounts) {
    for (const auto& each : {beyond::from_closed, beyond::from_open, beyond::two_count})
        expect_none_fails({.preemptions = 2, .deaths = 1}, each);
}

}  // namespace
}  // namespace seki::test
