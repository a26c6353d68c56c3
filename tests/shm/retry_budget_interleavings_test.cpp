// The retry budget that ships, through every way in which three actors may run through each other, with some of them dying anywhere.
#include <gtest/gtest.h>

#include "shm/explored.hpp"
#include "shm/retry_budget.hpp"
#include "shm/retry_budget_scenarios.hpp"

namespace seki::test {
namespace {

using real = retry_budget_scenarios<shm::retry_budget<stepped>>;

// Each of these fails if a retry is given to two, or to nobody though nobody died; if more are given than the calls and the windows allow; or if a
// death leaves a budget that no new window opens. tests/shm/retry_budget_planted_errors_test.cpp shows that they can.

TEST(RetryBudgetInterleavings, TheLastRetryOfAWindowIsGivenOnce) {
    expect_none_fails({.preemptions = 4, .deaths = 0}, real::the_last_one);
    expect_none_fails({.preemptions = 2, .deaths = 2}, real::the_last_one);
}

TEST(RetryBudgetInterleavings, ANewWindowIsBegunOnce) {
    expect_none_fails({.preemptions = 3, .deaths = 2}, real::a_new_window);
}

TEST(RetryBudgetInterleavings, WhoWasStoppedWhileWindowsWentByBeginsNoneOfThePast) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, real::time_passes);
}

TEST(RetryBudgetInterleavings, ACallIsCountedInOneWindow) {
    expect_none_fails({.preemptions = 3, .deaths = 2}, real::calls_back_retries);
}

// Fails if calls that were made by lower terms are backed by those before.
TEST(RetryBudgetInterleavings, WhatTermsThatAreOverWouldBackIsBackedNoMore) {
    expect_none_fails({.preemptions = 3, .deaths = 2}, real::the_ratio_is_lowered);
}

// Fails if who is late in a deleted budget makes the one that follows give more, or nothing.
TEST(RetryBudgetInterleavings, WhoIsLateInADeletedOneGivesTheNextNothing) {
    expect_none_fails({.preemptions = 3, .deaths = 2}, real::one_is_late_in_reused_memory);
}

}  // namespace
}  // namespace seki::test
