// The window of an adaptive limit that ships, through every way in which three actors may run through each other, with some of them dying anywhere.
#include <gtest/gtest.h>

#include <cstdio>

#include "shm/adaptive_scenarios.hpp"
#include "shm/adaptive_window.hpp"
#include "support/sanitizers.hpp"

namespace seki::test {
namespace {

using real = adaptive_scenarios<shm::adaptive_window<stepped>>;

constexpr int few = sanitized ? 2 : 3;

void expect_none_fails(const exploration& done) {
    EXPECT_EQ(done.failure, "");
    std::printf("%llu schedules\n", static_cast<unsigned long long>(done.schedules));
}

// Each of these fails if a call stands in two windows, or in none though nobody died; if a window moves the limit twice; if a death loses more than
// the window that was the dead one's to judge; or if a limit that is not the last one stays in force.
// tests/shm/adaptive_planted_errors_test.cpp shows that they can.

TEST(AdaptiveInterleavings, EachCallStandsInOneWindow) {
    expect_none_fails(explore({.preemptions = few, .deaths = 0}, real::two_windows));
    expect_none_fails(explore({.preemptions = few - 1, .deaths = 1}, real::two_windows));
}

TEST(AdaptiveInterleavings, TheLastLimitIsTheOneInForce) {
    expect_none_fails(explore({.preemptions = few + 1, .deaths = 0}, real::one_overtakes));
    expect_none_fails(explore({.preemptions = few, .deaths = 2}, real::one_overtakes));
}

TEST(AdaptiveInterleavings, UpkeepPutsNoLimitOfThePastInForce) {
    expect_none_fails(explore({.preemptions = few, .deaths = 0}, real::upkeep));
    expect_none_fails(explore({.preemptions = few - 1, .deaths = 1}, real::upkeep));
}

}  // namespace
}  // namespace seki::test
