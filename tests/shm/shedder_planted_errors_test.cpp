// Parts of what a shedder has in shared memory that are needed: without one, some interleaving goes wrong, and the exploration says which. What is tried
// here is what ships with a line changed (planted_shedder.cmake).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planted/closes_blindly.hpp"
#include "planted/counts_nobody.hpp"
#include "planted/counts_once.hpp"
#include "planted/drops_without_a_swap.hpp"
#include "planted/looks_not_beyond.hpp"
#include "planted_error.hpp"
#include "shm/shedder_scenarios.hpp"

namespace seki::test {
namespace {

using testing::StartsWith;

TEST(ShedderPlantedErrors, WhoDropsWithoutASwapIsOneOfSeveral) {
    using broken = codel_scenarios<shm::drops_without_a_swap::shedder_state<stepped>>;
    EXPECT_THAT(found({.preemptions = 3}, broken::all_are_late), StartsWith("it is what no order gives"));
}

TEST(ShedderPlantedErrors, WhoLosesTheSwapMustJudgeAgain) {
    using broken = codel_scenarios<shm::counts_once::shedder_state<stepped>>;
    EXPECT_THAT(found({.preemptions = 3}, broken::one_is_quick), StartsWith("it is what no order gives"));
}

TEST(ShedderPlantedErrors, WhoDoesNotCountTheOthersLetsTooManyIn) {
    using broken = priority_scenarios<shm::counts_nobody::permits<stepped>>;
    EXPECT_THAT(found({.preemptions = 3}, broken::three_come_at_once), StartsWith("more are let in"));
}

TEST(ShedderPlantedErrors, WhoDoesNotLookBeyondLetsTooManyIn) {
    using broken = beyond_scenarios<shm::looks_not_beyond::shedder_places<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::from_open), StartsWith("it is let in with more"));
}

TEST(ShedderPlantedErrors, WhoClosesWhatIsHeldHidesIt) {
    using table = shm::closes_blindly::permits<stepped>;
    using broken = beyond_scenarios<shm::shedder_places<stepped, table>, table>;
    EXPECT_THAT(found({.preemptions = 2}, broken::two_count), StartsWith("it is let in with more"));
}

}  // namespace
}  // namespace seki::test
