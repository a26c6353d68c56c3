// Parts of the breaker that are needed: without one, some interleaving goes wrong, and the exploration says which. The breakers here are the one
// that ships with a line changed (planted_breaker.cmake).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planted/closes_on_one_ok.hpp"
#include "planted/counts_its_own_alone.hpp"
#include "planted/counts_what_is_over.hpp"
#include "planted/forgets_nobody.hpp"
#include "planted/goes_by_the_first_terms.hpp"
#include "planted/judges_bad_ones_alone.hpp"
#include "planted/keeps_without_look.hpp"
#include "planted/probes_by_the_terms_of_before.hpp"
#include "planted/sums_without_look.hpp"
#include "planted/takes_late_ones.hpp"
#include "planted/tells_losers_too.hpp"
#include "planted/without_look_after.hpp"
#include "planted/without_look_before.hpp"
#include "planted/writes_before_it_opens.hpp"
#include "planted_error.hpp"
#include "shm/breaker_scenarios.hpp"

namespace seki::test {
namespace {

using law::outcome;
using testing::StartsWith;

TEST(BreakerPlantedErrors, APlaceOfALaterGenerationTakenForFreeIsFound) {
    using broken = breaker_scenarios<shm::without_look_before::breaker<stepped>>;
    EXPECT_THAT(found({.preemptions = 3}, broken::a_prober_is_stopped_for_long),
                StartsWith("too many probes are let in"));
}

TEST(BreakerPlantedErrors, TermsThatAreReadBeforeTheWordAreFound) {
    using broken = breaker_scenarios<shm::goes_by_the_first_terms::breaker<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::terms_change_before_it_opens),
                StartsWith("it is probed sooner than its terms say"));
}

TEST(BreakerPlantedErrors, WhoTransitionsAndGoesOnByTheTermsOfBeforeIsFound) {
    using broken = breaker_scenarios<shm::probes_by_the_terms_of_before::breaker<stepped>>;
    EXPECT_THAT(found({.preemptions = 3}, broken::fewer_probes_before_it_probes),
                StartsWith("too many probes are let in"));
    EXPECT_THAT(found({.preemptions = 3}, broken::more_probes_before_it_probes), StartsWith("it closed on too few"));
}

TEST(BreakerPlantedErrors, AProbeOfAGenerationThatIsOverIsFound) {
    using broken = breaker_scenarios<shm::without_look_after::breaker<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::half_open_ends_meanwhile),
                StartsWith("a probe is let in after half_open"));
}

TEST(BreakerPlantedErrors, APlaceThatTheDeadKeepIsFound) {
    using broken = breaker_scenarios<shm::forgets_nobody::breaker<stepped>>;
    const auto race = [](interleaving& play) { broken::race_into_half_open(play, 1, 2); };
    EXPECT_EQ(found({.preemptions = 0}, race), "");
    EXPECT_THAT(found({.preemptions = 0, .deaths = 1}, race), StartsWith("a dead one keeps its place"));
}

TEST(BreakerPlantedErrors, ClosingOnOneOkIsFound) {
    using broken = breaker_scenarios<shm::closes_on_one_ok::breaker<stepped>>;
    EXPECT_THAT(found({.preemptions = 1},
                      [](interleaving& play) { broken::probes_end(play, {outcome::ok, outcome::error}, false); }),
                StartsWith("it is not judged"));
}

TEST(BreakerPlantedErrors, ATransitionWithTwoWinnersIsFound) {
    using broken = breaker_scenarios<shm::tells_losers_too::breaker<stepped>>;
    EXPECT_THAT(found({.preemptions = 1}, [](interleaving& play) { broken::race_into_half_open(play, 2, 2); }),
                StartsWith("a transition has two winners"));
}

TEST(BreakerPlantedErrors, AnOldBlockPutOverANewerOneIsFound) {
    using broken = window_scenarios<shm::keeps_without_look::count_window<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::a_keeper_is_stopped),
                StartsWith("the window is not the last outcomes"));
}

TEST(BreakerPlantedErrors, AnOkThatReachesMinimumCallsUnjudgedIsFound) {
    using broken = breaker_scenarios<shm::judges_bad_ones_alone::breaker<stepped>>;
    EXPECT_THAT(found({.preemptions = 1},
                      [](interleaving& play) { broken::outcomes_race(play, {outcome::error, outcome::ok}, 0); }),
                StartsWith("it stands closed on a window that should open it"));
}

TEST(BreakerPlantedErrors, AnOutcomeThatCountsInALaterGenerationIsFound) {
    using broken = breaker_scenarios<shm::takes_late_ones::breaker<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::a_reset_comes_between), StartsWith("an outcome is lost"));
}

TEST(BreakerPlantedErrors, AnOutcomeThatIsWrittenBeforeItOpensIsFound) {
    using broken = breaker_scenarios<shm::writes_before_it_opens::breaker<stepped>>;
    const auto race = [](interleaving& play) { broken::outcomes_race(play, {outcome::error, outcome::error}, 0); };
    EXPECT_EQ(found({.preemptions = 1}, race), "");
    EXPECT_THAT(found({.preemptions = 1, .deaths = 1}, race),
                StartsWith("it stands closed on a window that should open it"));
}

TEST(BreakerPlantedErrors, ATransitionWhoseMakerDiedBeforeItCountedIsFound) {
    using broken = breaker_scenarios<shm::counts_its_own_alone::breaker<stepped>>;
    EXPECT_EQ(found({.preemptions = 0}, broken::somebody_counts_transitions), "");
    EXPECT_THAT(found({.preemptions = 0, .deaths = 1}, broken::somebody_counts_transitions),
                StartsWith("a transition is counted nowhere"));
}

TEST(BreakerPlantedErrors, ATransitionThatIsCountedAgainWhenItIsOverIsFound) {
    using broken = breaker_scenarios<shm::counts_what_is_over::breaker<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::somebody_counts_transitions),
                StartsWith("a transition is counted twice"));
}

TEST(BreakerPlantedErrors, ASumOfTransitionsThatGoesDownIsFound) {
    using broken = breaker_scenarios<shm::sums_without_look::breaker<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::somebody_counts_transitions), StartsWith("a "));
}

}  // namespace
}  // namespace seki::test
