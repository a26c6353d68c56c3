// The permits that ship, through every way in which two or three actors may run through each other, with one of them dying anywhere.
#include <gtest/gtest.h>

#include "shm/explored.hpp"
#include "shm/permit_scenarios.hpp"
#include "shm/permits.hpp"

namespace seki::test {
namespace {

using real = permit_scenarios<shm::permits<stepped>>;

// Each of these fails if more are held than a max in force allows, if two hold one permit, if somebody loses a permit that it holds, or if one
// does not come back. tests/shm/permits_planted_errors_test.cpp shows that they can.

TEST(PermitsInterleavings, TwoWhoWantTheLastPermitShareIt) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, real::two_for_one);
}

TEST(PermitsInterleavings, BothMayDieAndThePermitComesBack) {
    expect_none_fails({.preemptions = 2, .deaths = 2}, real::two_for_one);
}

TEST(PermitsInterleavings, WhoTidiesTakesNothingFromTheLiving) {
    expect_none_fails({.preemptions = 2, .deaths = 1}, real::two_and_who_tidies);
}

TEST(PermitsInterleavings, WhoIsLateWithReclaimingTakesNothingFromTheNextHolder) {
    expect_none_fails({.preemptions = 2, .deaths = 1}, real::a_late_reclaimer);
}

// Fails also if who asks of one holder at a time never comes to one that is dead, wherever others left off, or died.
TEST(PermitsInterleavings, WhoAskInTurnsComeToEveryHolder) {
    expect_none_fails({.preemptions = 2, .deaths = 2}, real::two_ask_in_turns);
}

TEST(PermitsInterleavings, LoweringMaxLetsNobodyInUntilPermitsAreBack) {
    expect_none_fails({.preemptions = 2, .deaths = 1}, real::max_is_lowered);
}

TEST(PermitsInterleavings, TwoWhoComeWhilePermitsDrainAreNotBothLetIn) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, real::two_come_while_permits_drain);
}

TEST(PermitsInterleavings, WhoWasStoppedWhileMaxWentUpAndDownMisleadsNobody) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, real::max_goes_up_and_down);
}

TEST(PermitsInterleavings, WhoSetsTermsRightForgetsNoHolder) {
    expect_none_fails({.preemptions = 2, .deaths = 1}, real::terms_are_set_right);
}

// What is too large to be explored: four actors, three permits, max going up and down, two deaths. Fails like the others.
TEST(PermitsInterleavings, ManyActorsByChance) {
    expect_none_failed(explore_randomly(1, 60'000, {.preemptions = 30, .deaths = 2}, [](interleaving& play) {
        real::tiny world{play, 2};
        play.together({[&] {
                           world.use(0, 1);
                           world.use(0, 2);
                       },
                       [&] {
                           world.use(1);
                           world.use(1, 1);
                           world.reclaim();
                       },
                       [&] {
                           world.set_max(1);
                           world.use(2);
                           world.set_max(3);
                           world.set_max(2);
                           world.use(2, 2);
                       }});
        world.expect_all_back(real::any_died(play, 3));
    }));
}

}  // namespace
}  // namespace seki::test
