// Parts of the window of an adaptive limit that are needed: without one, some interleaving goes wrong, and the exploration says which. The windows here
// are the one that ships with a line changed (planted_adaptive.cmake).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planted/adds_without_a_swap.hpp"
#include "planted/ends_without_a_swap.hpp"
#include "planted/looks_too_early.hpp"
#include "planted/moves_by_the_first_terms.hpp"
#include "planted/moves_the_limit_once.hpp"
#include "planted_error.hpp"
#include "shm/adaptive_scenarios.hpp"

namespace seki::test {
namespace {

using testing::AnyOf;
using testing::StartsWith;

template <class Window>
using with = adaptive_scenarios<Window>;

TEST(AdaptivePlantedErrors, EndingAWindowWithoutASwapJudgesItTwice) {
    using broken = with<shm::ends_without_a_swap::adaptive_window<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::two_windows),
                AnyOf(StartsWith("a call is counted twice"), StartsWith("a call is counted nowhere")));
}

TEST(AdaptivePlantedErrors, AddingACallWithoutASwapLosesOne) {
    using broken = with<shm::adds_without_a_swap::adaptive_window<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::two_windows),
                AnyOf(StartsWith("a call is counted twice"), StartsWith("a call is counted nowhere")));
}

TEST(AdaptivePlantedErrors, WhoLooksTooEarlyPutsALimitOfThePastInForce) {
    using broken = with<shm::looks_too_early::adaptive_window<stepped>>;
    EXPECT_THAT(found({.preemptions = 3}, broken::one_overtakes), StartsWith("max is "));
    EXPECT_THAT(found({.preemptions = 1, .deaths = 1}, broken::lowered),
                StartsWith("max is what terms allowed that are over"));
}

TEST(AdaptivePlantedErrors, WhoReadsTheTermsFirstMovesTheNextLimitByThem) {
    using broken = with<shm::moves_by_the_first_terms::adaptive_window<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::one_that_begins_lower_follows),
                StartsWith("a window moves it by terms that are over"));
}

TEST(AdaptivePlantedErrors, WhoGivesUpTheLimitToAnotherLosesAWindow) {
    using broken = with<shm::moves_the_limit_once::adaptive_window<stepped>>;
    EXPECT_THAT(found({.preemptions = 3}, broken::one_overtakes), StartsWith("a call is counted nowhere"));
}

}  // namespace
}  // namespace seki::test
