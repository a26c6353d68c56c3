// The event ring that ships, through every way in which two or three actors may run through each other, with some of them dying anywhere.
#include <gtest/gtest.h>

#include <cstdio>

#include "shm/event_ring.hpp"
#include "shm/event_ring_scenarios.hpp"
#include "support/sanitizers.hpp"

namespace seki::test {
namespace {

using real = event_ring_scenarios<shm::event_ring<stepped, tiny_events>>;

// Sanitizers are five times slower and see no more in the deepest schedules than in the others.
constexpr int two = sanitized ? 1 : 2;
constexpr int three = sanitized ? 2 : 3;

void expect_none_fails(const exploration& done) {
    EXPECT_EQ(done.failure, "");
    std::printf("%llu schedules\n", static_cast<unsigned long long>(done.schedules));
}

// Each of these fails if an event is delivered torn or twice, if one is lost and not counted, or if the ring takes no more events afterwards.
// tests/shm/event_ring_planted_errors_test.cpp shows that they can.

TEST(EventRingInterleavings, WhatAnOwnerPushesIsDeliveredInOrderOrCountedAsDropped) {
    expect_none_fails(explore({.preemptions = three + 1, .deaths = 0}, real::an_owner_and_a_consumer));
}

TEST(EventRingInterleavings, AlsoWhenTheOwnerOrTheConsumerDies) {
    expect_none_fails(explore({.preemptions = two, .deaths = 2}, real::an_owner_and_a_consumer));
}

TEST(EventRingInterleavings, TwoWhoShareASlotTearNothing) {
    expect_none_fails(explore({.preemptions = three, .deaths = 0}, real::two_who_share));
}

TEST(EventRingInterleavings, AlsoWhenOneOfThemDies) {
    expect_none_fails(explore({.preemptions = two, .deaths = 1}, real::two_who_share));
}

TEST(EventRingInterleavings, WhoWasStoppedWhileTheRingWentRoundTearsNothing) {
    expect_none_fails(explore({.preemptions = three, .deaths = 1}, real::one_who_shares_is_stopped));
}

TEST(EventRingInterleavings, WhoGoesOnInASlotThatIsAnothersTearsNothing) {
    expect_none_fails(explore({.preemptions = three, .deaths = 0}, real::a_late_owner));
}

TEST(EventRingInterleavings, OfTwoConsumersEachEventGoesToOne) {
    expect_none_fails(explore({.preemptions = three, .deaths = 1}, real::two_consumers));
}

}  // namespace
}  // namespace seki::test
