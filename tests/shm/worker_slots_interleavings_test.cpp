// Who has a worker slot, through every way in which three may run through each other, with some of them dying anywhere.
#include <gtest/gtest.h>

#include "shm/explored.hpp"
#include "shm/worker_slots_scenarios.hpp"

namespace seki::test {
namespace {

using real = worker_slots_scenarios<shm::worker_slots>;

// Each of these fails if somebody has the slot of another who lives, if a count is lost, or if a slot of the dead cannot be had any more.
// tests/shm/worker_slots_planted_errors_test.cpp shows that they can.

TEST(WorkerSlotsInterleavings, OneThreadHasTheSlot) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, {.preemptions = 5, .deaths = 1}, real::three_threads);
}

TEST(WorkerSlotsInterleavings, WhatTheDeadHadIsGivenToOthers) {
    expect_none_fails({.preemptions = 2, .deaths = 1}, real::the_dead_are_reaped);
}

TEST(WorkerSlotsInterleavings, WhatIsNobodysIsGivenToOthers) {
    expect_none_fails({.preemptions = 2, .deaths = 1}, real::orphans_are_freed);
}

}  // namespace
}  // namespace seki::test
