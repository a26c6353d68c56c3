// The bell that ships, through every way in which waiters and who gives a permit back may run through each other, with one of them dying anywhere: also the
// one that was woken, before it looked. And parts of it that are needed: without one, some interleaving goes wrong (planted.cmake).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "planted/arrives_too_late.hpp"
#include "planted/rings_in_silence.hpp"
#include "planted/says_nobody_sleeps.hpp"
#include "planted/sleeps_to_the_deadline.hpp"
#include "planted/wakes_before_it_rings.hpp"
#include "shm/explored.hpp"
#include "shm/waiter_scenarios.hpp"
#include "support/sanitizers.hpp"

namespace seki::test {
namespace {

using testing::StartsWith;

template <class Kernel>
using shipped = shm::permit_waiters<stepped, Kernel>;
using real = waiter_scenarios<shipped>;

std::string found(bounds within, const attempt& one) {
    const exploration done = explore(within, one);
    std::printf("%llu schedules: \"%s\"\n", static_cast<unsigned long long>(done.schedules), done.failure.c_str());
    return done.failure;
}

std::string found_by_chance(bounds within, const attempt& one) {
    const exploration done = explore_randomly(1, sanitized ? 20'000 : 100'000, within, one);
    std::printf("%llu schedules: \"%s\"\n", static_cast<unsigned long long>(done.schedules), done.failure.c_str());
    return done.failure;
}

// Each of these fails if somebody sleeps out its time while a permit is free and nobody died; or if, when somebody died, it sleeps on twice as long as
// anybody may without looking, though a permit is free or a dead one's; or if a permit or a place in the room does not come back.

TEST(PermitWaitersInterleavings, OneWhoWaitsIsWokenByWhoGivesBack) {
    expect_none_fails({.preemptions = 3, .deaths = 0}, {.preemptions = 4, .deaths = 0}, real::one_waits);
}

TEST(PermitWaitersInterleavings, AndNeedsNobodyWhoDied) {
    expect_none_fails({.preemptions = 2, .deaths = 1}, real::one_waits);
}

TEST(PermitWaitersInterleavings, WhoIsWokenHandsItOn) {
    expect_none_fails({.preemptions = 2, .deaths = 0}, {.preemptions = 3, .deaths = 0}, real::two_wait);
}

TEST(PermitWaitersInterleavings, OrDiesAndTheOtherLooksAgain) {
    expect_none_fails({.preemptions = 1, .deaths = 1}, real::two_wait);
}

TEST(PermitWaitersInterleavings, RaisingMaxWakesAll) {
    expect_none_fails({.preemptions = 2, .deaths = 0}, {.preemptions = 3, .deaths = 0}, real::max_is_raised);
}

TEST(PermitWaitersInterleavings, AlsoWhenOneOfThemDies) {
    expect_none_fails({.preemptions = 1, .deaths = 1}, real::max_is_raised);
}

TEST(PermitWaitersInterleavings, NoMatterHowManyTurnsTheyTake) {
    expect_none_failed(
        explore_randomly(1, sanitized ? 20'000 : 100'000, {.preemptions = 30, .deaths = 2}, real::two_wait));
}

template <class Kernel>
using late = shm::arrives_too_late::permit_waiters<stepped, Kernel>;
template <class Kernel>
using silent = shm::rings_in_silence::permit_waiters<stepped, Kernel>;
template <class Kernel>
using mistaken = shm::says_nobody_sleeps::permit_waiters<stepped, Kernel>;
template <class Kernel>
using deep = shm::sleeps_to_the_deadline::permit_waiters<stepped, Kernel>;
template <class Kernel>
using hasty = shm::wakes_before_it_rings::permit_waiters<stepped, Kernel>;

TEST(PermitWaitersPlantedErrors, LookingBeforeArrivingIsFound) {
    EXPECT_THAT(found({.preemptions = 2}, waiter_scenarios<late>::one_waits), StartsWith("a wake-up is lost"));
}

TEST(PermitWaitersPlantedErrors, RingsThatLookAlikeAreFound) {
    EXPECT_THAT(found({.preemptions = 2}, waiter_scenarios<silent>::one_waits), StartsWith("a wake-up is lost"));
}

TEST(PermitWaitersPlantedErrors, WakingWithoutRingingIsFound) {
    EXPECT_THAT(found({.preemptions = 2}, waiter_scenarios<hasty>::one_waits), StartsWith("a wake-up is lost"));
}

TEST(PermitWaitersPlantedErrors, SleepingToTheDeadlineIsFound) {
    EXPECT_THAT(found({}, waiter_scenarios<deep>::one_waits), StartsWith("somebody sleeps too long"));
}

// It takes too many turns to be explored.
TEST(PermitWaitersPlantedErrors, SayingThatNobodySleepsWithoutComparingIsFoundByChance) {
    EXPECT_THAT(found_by_chance({.preemptions = 8}, waiter_scenarios<mistaken>::two_wait),
                StartsWith("a wake-up is lost"));
}

}  // namespace
}  // namespace seki::test
