// The event ring that ships, through every way in which two or three actors may run through each other, with some of them dying anywhere.
#include <gtest/gtest.h>

#include "shm/event_ring.hpp"
#include "shm/event_ring_scenarios.hpp"
#include "shm/explored.hpp"

namespace seki::test {
namespace {

using real = event_ring_scenarios<shm::event_ring<stepped, tiny_events>>;

// Each of these fails if an event is delivered torn or twice, if one is lost and not counted, or if the ring takes no more events afterwards.
// tests/shm/event_ring_planted_errors_test.cpp shows that they can.

TEST(EventRingInterleavings, WhatAnOwnerPushesIsDeliveredInOrderOrCountedAsDropped) {
    expect_none_fails({.preemptions = 4, .deaths = 0}, real::an_owner_and_a_consumer);
}

TEST(EventRingInterleavings, AlsoWhenTheOwnerOrTheConsumerDies) {
    expect_none_fails({.preemptions = 2, .deaths = 2}, real::an_owner_and_a_consumer);
}

TEST(EventRingInterleavings, TwoWhoShareASlotTearNothing) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, real::two_who_share);
}

TEST(EventRingInterleavings, WhoWasStoppedWhileTheRingWentRoundTearsNothing) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, real::one_who_shares_is_stopped);
}

TEST(EventRingInterleavings, WhoGoesOnInASlotThatIsAnothersTearsNothing) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, real::a_late_owner);
}

TEST(EventRingInterleavings, OfTwoConsumersEachEventGoesToOne) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, real::two_consumers);
}

}  // namespace
}  // namespace seki::test
