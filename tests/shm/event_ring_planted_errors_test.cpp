// Parts of the event ring that are needed: without one, some interleaving goes wrong, and the exploration says which. The rings here are the one that
// ships with a line changed (planted_events.cmake).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planted/claims_last.hpp"
#include "planted/doubts_for_ever.hpp"
#include "planted/doubts_nothing.hpp"
#include "planted/publishes_first.hpp"
#include "planted/pushes_into_a_full_ring.hpp"
#include "planted/seals_without_number.hpp"
#include "planted/stays_behind.hpp"
#include "planted/takes_by_store.hpp"
#include "planted/without_seal.hpp"
#include "planted_error.hpp"
#include "shm/event_ring_scenarios.hpp"

namespace seki::test {
namespace {

using testing::StartsWith;

template <class Ring>
using with = event_ring_scenarios<Ring>;

TEST(EventRingPlantedErrors, WithoutASealTwoWhoShareTearAnEvent) {
    using broken = with<shm::without_seal::event_ring<stepped, tiny_events>>;
    EXPECT_THAT(found({.preemptions = 3}, broken::two_who_share), StartsWith("a torn event is delivered"));
}

TEST(EventRingPlantedErrors, WithoutASealALateOwnerTearsAnEvent) {
    using broken = with<shm::without_seal::event_ring<stepped, tiny_events>>;
    EXPECT_THAT(found({.preemptions = 3}, broken::a_late_owner), StartsWith("a torn event is delivered"));
}

TEST(EventRingPlantedErrors, ASealWithoutTheNumberTakesALateEventForANewOne) {
    using broken = with<shm::seals_without_number::event_ring<stepped, tiny_events>>;
    EXPECT_THAT(found({.preemptions = 3}, broken::one_who_shares_is_stopped),
                StartsWith("an event is delivered twice"));
}

TEST(EventRingPlantedErrors, PublishingBeforeWritingTearsAnOwnersEvent) {
    using broken = with<shm::publishes_first::event_ring<stepped, tiny_events>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::an_owner_and_a_consumer),
                StartsWith("an event of one who lives is torn"));
}

TEST(EventRingPlantedErrors, ClaimingANumberAfterWritingLosesAnothersEvent) {
    using broken = with<shm::claims_last::event_ring<stepped, tiny_events>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::two_who_share), StartsWith("an event of one who lives is torn"));
}

TEST(EventRingPlantedErrors, PassingOverWhatIsNotWholeAtOnceTearsTheEventOfOneWhoIsAboutToWriteIt) {
    using broken = with<shm::doubts_nothing::event_ring<stepped, tiny_events>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::two_who_share), StartsWith("an event of one who lives is torn"));
}

TEST(EventRingPlantedErrors, NeverPassingOverItLeavesTheRingStuckBehindTheDead) {
    using broken = with<shm::doubts_for_ever::event_ring<stepped, tiny_events>>;
    EXPECT_THAT(found({.preemptions = 2, .deaths = 1}, broken::two_who_share), StartsWith("the ring is stuck"));
}

TEST(EventRingPlantedErrors, TakingByAStoreDeliversTwice) {
    using broken = with<shm::takes_by_store::event_ring<stepped, tiny_events>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::two_consumers), StartsWith("an event is delivered twice"));
}

TEST(EventRingPlantedErrors, PushingIntoAFullRingLosesEventsUncounted) {
    using broken = with<shm::pushes_into_a_full_ring::event_ring<stepped, tiny_events>>;
    EXPECT_THAT(found({.preemptions = 1}, broken::an_owner_and_a_consumer),
                StartsWith("an event is lost and not counted"));
}

TEST(EventRingPlantedErrors, ARingThatWasSetBackIsStuck) {
    using broken = with<shm::stays_behind::event_ring<stepped, tiny_events>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::a_late_owner), StartsWith("the ring is stuck"));
}

}  // namespace
}  // namespace seki::test
