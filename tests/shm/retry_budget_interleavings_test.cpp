// The retry budget that ships, through every way in which three actors may run through each other, with some of them dying anywhere.
#include <gtest/gtest.h>

#include <cstdio>

#include "shm/retry_budget.hpp"
#include "shm/retry_budget_scenarios.hpp"
#include "support/sanitizers.hpp"

namespace seki::test {
namespace {

using real = retry_budget_scenarios<shm::retry_budget<stepped>>;

constexpr int few = sanitized ? 2 : 3;

void expect_none_fails(const exploration& done) {
    EXPECT_EQ(done.failure, "");
    std::printf("%llu schedules\n", static_cast<unsigned long long>(done.schedules));
}

// Each of these fails if a retry is given to two, or to nobody though nobody died; if more are given than the calls and the windows allow; or if a
// death leaves a budget that no new window opens. tests/shm/retry_budget_planted_errors_test.cpp shows that they can.

TEST(RetryBudgetInterleavings, TheLastRetryOfAWindowIsGivenOnce) {
    expect_none_fails(explore({.preemptions = few + 1, .deaths = 0}, real::the_last_one));
    expect_none_fails(explore({.preemptions = few - 1, .deaths = 2}, real::the_last_one));
}

TEST(RetryBudgetInterleavings, ANewWindowIsBegunOnce) {
    expect_none_fails(explore({.preemptions = few, .deaths = 0}, real::a_new_window));
    expect_none_fails(explore({.preemptions = few - 1, .deaths = 2}, real::a_new_window));
}

TEST(RetryBudgetInterleavings, WhoWasStoppedWhileWindowsWentByBeginsNoneOfThePast) {
    expect_none_fails(explore({.preemptions = few, .deaths = 1}, real::time_passes));
}

TEST(RetryBudgetInterleavings, ACallIsCountedInOneWindow) {
    expect_none_fails(explore({.preemptions = few, .deaths = 0}, real::calls_back_retries));
    expect_none_fails(explore({.preemptions = few - 1, .deaths = 2}, real::calls_back_retries));
}

}  // namespace
}  // namespace seki::test
