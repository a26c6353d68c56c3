// The window of an adaptive limit that ships, through every way in which three actors may run through each other, with some of them dying anywhere.
#include <gtest/gtest.h>

#include "shm/adaptive_scenarios.hpp"
#include "shm/adaptive_window.hpp"
#include "shm/explored.hpp"

namespace seki::test {
namespace {

using real = adaptive_scenarios<shm::adaptive_window<stepped>>;

// Each of these fails if a call stands in two windows, or in none though nobody died; if a window moves the limit twice; if a death loses more than
// the window that was the dead one's to judge; or if a limit that is not the last one stays in force.
// tests/shm/adaptive_planted_errors_test.cpp shows that they can.

TEST(AdaptiveInterleavings, EachCallStandsInOneWindow) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, real::two_windows);
}

TEST(AdaptiveInterleavings, TheLastLimitIsTheOneInForce) {
    expect_none_fails({.preemptions = 4, .deaths = 0}, real::one_overtakes);
    expect_none_fails({.preemptions = 3, .deaths = 2}, real::one_overtakes);
}

TEST(AdaptiveInterleavings, UpkeepPutsNoLimitOfThePastInForce) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, real::upkeep);
}

// Fails if who ended a window puts in force what the terms allowed then, after they were lowered, or the limit was deleted.
TEST(AdaptiveInterleavings, ALimitThatWasLoweredStaysLow) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, real::lowered);
    expect_none_fails({.preemptions = 3, .deaths = 1}, real::one_is_late_in_reused_memory);
}

// Fails if the last window of a limit that was deleted moves the next one by the terms of the first.
TEST(AdaptiveInterleavings, ALimitMovesByItsOwnTerms) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, real::one_that_begins_lower_follows);
}

}  // namespace
}  // namespace seki::test
