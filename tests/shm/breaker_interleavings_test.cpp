// The breaker that ships, through every way in which two or three actors may run through each other, with one of them dying anywhere.
#include <gtest/gtest.h>

#include "shm/breaker_scenarios.hpp"
#include "shm/explored.hpp"

namespace seki::test {
namespace {

using real = breaker_scenarios<shm::breaker<stepped>>;
using law::outcome;

// Each of these fails if one probe too many is let in, a transition is made twice or told to nobody, an outcome counts in another generation
// or twice, or the breaker depends on somebody who is stopped or dead. tests/shm/breaker_planted_errors_test.cpp shows that they can.

TEST(BreakerInterleavings, TwoWhoComeToOnePlaceShareItNot) {
    expect_none_fails({.preemptions = 3, .deaths = 1},
                      [](interleaving& play) { real::race_into_half_open(play, 1, 2); });
}

TEST(BreakerInterleavings, ThreeWhoComeToTwoPlacesAreTwoProbes) {
    expect_none_fails({.preemptions = 2, .deaths = 1},
                      [](interleaving& play) { real::race_into_half_open(play, 2, 3); });
}

TEST(BreakerInterleavings, ProbesThatAreAllOkCloseItOnceWhoeverIsLast) {
    expect_none_fails({.preemptions = 3, .deaths = 1},
                      [](interleaving& play) { real::probes_end(play, {outcome::ok, outcome::ok}, false); });
    expect_none_fails({.preemptions = 2, .deaths = 1},
                      [](interleaving& play) { real::probes_end(play, {outcome::ok, outcome::ok}, true); });
}

TEST(BreakerInterleavings, OneBadProbeOpensItOnce) {
    expect_none_fails({.preemptions = 3, .deaths = 1},
                      [](interleaving& play) { real::probes_end(play, {outcome::ok, outcome::error}, false); });
    expect_none_fails({.preemptions = 3, .deaths = 1},
                      [](interleaving& play) { real::probes_end(play, {outcome::slow, outcome::error}, false); });
    expect_none_fails({.preemptions = 2, .deaths = 1},
                      [](interleaving& play) { real::probes_end(play, {outcome::error, outcome::ok}, true); });
}

TEST(BreakerInterleavings, AProberThatWasStoppedTakesNothingOfALaterGeneration) {
    expect_none_fails({.preemptions = 3, .deaths = 0}, real::a_prober_is_stopped_for_long);
}

TEST(BreakerInterleavings, NobodyIsLetInAfterHalfOpenEnded) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, real::half_open_ends_meanwhile);
}

TEST(BreakerInterleavings, APlaceOfTheDeadIsInheritedOnce) {
    expect_none_fails({.preemptions = 2, .deaths = 1}, real::a_place_is_inherited);
}

TEST(BreakerInterleavings, WhoAsksWhileSomebodyTidiesUpIsLetIn) {
    expect_none_fails({.preemptions = 3, .deaths = 0}, real::a_place_is_given_back_meanwhile);
}

TEST(BreakerInterleavings, OutcomesThatRaceOpenItOnceOnTheWindowAsItWas) {
    const std::vector<std::vector<outcome>> pairs = {
        {outcome::error, outcome::error}, {outcome::error, outcome::ok}, {outcome::slow, outcome::error}};
    for (const auto& each : pairs)
        for (const std::uint64_t before : {0U, 1U, 2U, 22U, 23U, 24U})
            expect_none_fails({.preemptions = 2, .deaths = 1},
                              [&](interleaving& play) { real::outcomes_race(play, each, before); });
    expect_none_fails({.preemptions = 2, .deaths = 1}, [](interleaving& play) {
        real::outcomes_race(play, {outcome::error, outcome::ok, outcome::error}, 1);
    });
}

TEST(BreakerInterleavings, TheSameByTimeAndADeathIsMadeUpForByTheNextBadOutcome) {
    const std::vector<std::vector<outcome>> pairs = {
        {outcome::error, outcome::error}, {outcome::ok, outcome::error}, {outcome::slow, outcome::error}};
    for (const auto& each : pairs)
        for (const std::uint64_t before : {0U, 1U, 2U})
            expect_none_fails({.preemptions = 2, .deaths = 1},
                              [&](interleaving& play) { real::outcomes_race_in_time(play, each, before); });
}

TEST(BreakerInterleavings, AResetIsNotOvertakenByOutcomesOfBefore) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, real::a_reset_comes_between);
}

// Fails if it goes by terms that were changed before it came to where it stands.
TEST(BreakerInterleavings, ItMovesByTheTermsThatItOpenedBy) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, real::terms_change_before_it_opens);
}

// Fails if who makes the transition goes on by terms that were gone before it: more probes at once than the terms ever said, or fewer ok ones that close it.
TEST(BreakerInterleavings, ItProbesByTheTermsThatItBeganToProbeBy) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, real::fewer_probes_before_it_probes);
    expect_none_fails({.preemptions = 3, .deaths = 1}, real::more_probes_before_it_probes);
}

TEST(BreakerInterleavings, EachTransitionIsCountedOnceWhoeverDies) {
    expect_none_fails({.preemptions = 2, .deaths = 1}, real::somebody_counts_transitions);
}

}  // namespace
}  // namespace seki::test
