// Which events go into the ring of a worker, and what those cost that do not.
#include <algorithm>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "primitives/event_types.hpp"
#include "primitives/hooks.hpp"
#include "telemetry_fixture.hpp"

namespace seki::test {
namespace {

using algorithm::breaker::outcome;
using algorithm::breaker::state;
using testing::ElementsAre;

// Fails if an ordinary call writes to its ring, or looks there, while nobody wants to know.
TEST_F(TelemetryTest, NobodyListensAndNothingIsPushed) {
    const auto limiter = make(one_a_minute);
    for (int i = 0; i < 100; ++i) (void)check(limiter, "alice");
    EXPECT_EQ(shm::counts_of(mine()).pushed, 0U);
    EXPECT_EQ(shm::counts_of(mine()).dropped, 0U);
}

// Fails if ordinary successes are told unasked, or a part of them that is not the one asked for.
TEST_F(TelemetryTest, SuccessesAreSampled) {
    const auto limiter = make({.limit = 1'000'000, .window = 60s, .max_keys = 64});
    const auto told_of = [&](double part) {
        sample(part);
        listen();
        std::size_t told = 0;
        for (int i = 0; i < 4'000; ++i) {
            (void)check(limiter, "alice");
            told += drained(mine()).size();
        }
        return told;
    };
    EXPECT_EQ(told_of(0), 0U);
    EXPECT_EQ(told_of(1), 4'000U);
    const std::size_t told_quarter = told_of(0.25);
    EXPECT_GT(told_quarter, 800U);
    EXPECT_LT(told_quarter, 1'200U);
}

// Fails if calls pay for a listener who died for longer than the first of them, or if a time that nobody wrote keeps them telling.
TEST_F(TelemetryTest, AListenerWhoDiedIsForgotten) {
    const auto limiter = make(one_a_minute);
    for (const std::chrono::nanoseconds until : {-1ns, 0ns, std::chrono::nanoseconds{100'000h}}) {
        listen(until);
        (void)check(limiter, "alice");
        (void)check(limiter, "alice");
        EXPECT_EQ(hardware::load_relaxed(where().header().id.listening), 0U);
        EXPECT_THAT(kinds(), ElementsAre());
    }
}

// Fails if a full ring changes a decision, or what is dropped is not counted.
TEST_F(TelemetryTest, AFullRingDropsAndTheDecisionStands) {
    const auto limiter = make(one_a_minute);
    listen();
    ASSERT_TRUE(check(limiter, "alice").allowed);
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(check(limiter, "alice").allowed);
    constexpr std::size_t room = layout::event_ring::capacity - layout::event_reserve;
    EXPECT_EQ(shm::counts_of(mine()).pushed, room);
    EXPECT_EQ(shm::counts_of(mine()).dropped, 100 - room);
    EXPECT_EQ(counted(limiter)[layout::count_deny], 100U);
}

// Fails if the two parts are one: at their defaults sekid is told of permits and calls, but of no allowed check.
TEST_F(TelemetryTest, AllowedChecksAreSampledApartFromTheOtherSuccesses) {
    const auto limiter = make({.limit = 1'000'000, .window = 60s, .max_keys = 64});
    const emitter events = breaker_events();
    now = primitives::read_clock(Clock::precise);  // as permits read it
    listen();
    for (const bool others : {true, false}) {
        sample(others ? 0 : 1, others ? 1 : 0);
        (void)check(limiter, "alice");
        events.breaker_call(state::closed, outcome::ok, 1, now);
        permit(events, event_kind::bulkhead_acquire, 1, 9);
        if (others)
            EXPECT_THAT(kinds(), ElementsAre(event_kind::breaker_call, event_kind::bulkhead_acquire));
        else
            EXPECT_THAT(kinds(), ElementsAre(event_kind::limiter_allow));
    }
}

// Fails if an attempt that failed is one of the successes, of which sekid is told as many as it wants.
TEST_F(TelemetryTest, AnAttemptThatFailedIsNotSampled) {
    const emitter events = breaker_events();
    now = primitives::read_clock(Clock::precise);
    listen();
    sample(0, 0);
    events.retry_attempt(1, Errc::circuit_open);
    EXPECT_THAT(kinds(), ElementsAre(event_kind::retry_attempt));
    events.retry_attempt(2, Errc::none);
    events.retry_success(2);
    EXPECT_THAT(kinds(), ElementsAre());
}

// Fails if the permits of a bulkhead are counted, which takes long where there are many, for an event that nobody is told of; or not once for one that is.
TEST_F(TelemetryTest, PermitsAreCountedForWhoIsToldOfThem) {
    const emitter events = breaker_events();
    now = primitives::read_clock(Clock::precise);
    int counted = 0;
    const auto call = [&](event_kind kind) {
        counted = 0;
        events.bulkhead_call(kind, [&] { return ++counted, primitives::permits_now{1, 9}; });
        return counted;
    };
    const auto attach = [](event_kind kind) {
        return primitives::hooks::attach(primitives::mask_of(kind), [](const telemetry::Event&) {});
    };
    EXPECT_EQ(call(event_kind::bulkhead_rejected), 0);  // nobody listens
    listen();
    sample(0);
    EXPECT_EQ(call(event_kind::bulkhead_acquire), 0);  // not in the sample
    EXPECT_EQ(call(event_kind::bulkhead_rejected), 1);
    auto* handler = attach(event_kind::bulkhead_release);
    EXPECT_EQ(call(event_kind::bulkhead_acquire), 0);  // not of the kind
    EXPECT_EQ(call(event_kind::bulkhead_release), 1);
    EXPECT_EQ(call(event_kind::bulkhead_rejected), 1);
    primitives::hooks::detach(handler);
    while (call(event_kind::bulkhead_rejected) == 1) continue;  // ends: the ring is full by then
    EXPECT_EQ(shm::counts_of(mine()).dropped, 1U);
    handler = attach(event_kind::bulkhead_rejected);
    EXPECT_EQ(call(event_kind::bulkhead_rejected), 1);
    EXPECT_EQ(shm::counts_of(mine()).dropped, 2U);
    primitives::hooks::detach(handler);
}

// Fails if a handler makes calls pay whose events it did not ask for, or one that goes takes away what another wants.
TEST_F(TelemetryTest, CallsAreWatchedWhenAHandlerWantsTheirKind) {
    const emitter events = breaker_events();
    const auto watched = [&] {
        std::vector<event_kind> kinds;
        for (const auto& each : primitives::event_types())
            if (events.watched(primitives::mask_of(each.kind))) kinds.push_back(each.kind);
        return kinds;
    };
    const auto attach = [](primitives::event_mask kinds) {
        return primitives::hooks::attach(kinds, [](const telemetry::Event&) {});
    };
    EXPECT_THAT(watched(), ElementsAre());
    auto* const deny = attach(primitives::mask_of(event_kind::limiter_deny));
    EXPECT_THAT(watched(), ElementsAre(event_kind::limiter_deny));
    EXPECT_FALSE(events.watched(emitter::breaker_calls));
    auto* const both = attach(emitter::limiter_decisions);
    auto* const calls = attach(emitter::breaker_calls);
    EXPECT_THAT(watched(), ElementsAre(event_kind::limiter_allow, event_kind::limiter_deny, event_kind::breaker_call));
    primitives::hooks::detach(both);
    EXPECT_THAT(watched(), ElementsAre(event_kind::limiter_deny, event_kind::breaker_call));
    primitives::hooks::detach(deny);
    EXPECT_THAT(watched(), ElementsAre(event_kind::breaker_call));
    auto* const all = attach(primitives::all_events);
    EXPECT_EQ(watched().size(), primitives::event_type_count);
    primitives::hooks::detach(all);
    primitives::hooks::detach(calls);
    EXPECT_THAT(watched(), ElementsAre());
}

// Fails if a change of state is dropped because calls, let through or refused, have filled the ring.
TEST_F(TelemetryTest, OrdinaryEventsLeaveRoomForTheRareOnes) {
    const emitter events = breaker_events();
    now = primitives::read_clock(Clock::precise);
    sample(1);
    listen();
    constexpr std::size_t room = layout::event_ring::capacity - layout::event_reserve;
    for (int i = 0; i < 500; ++i) {
        events.breaker_call(state::closed, outcome::ok, 1, now);
        events.breaker_rejected(state::open, now);
    }
    for (std::uint32_t i = 0; i < layout::event_reserve; ++i) {
        events.breaker_state_change(state::closed, state::open, i, now);
        permit(events, event_kind::bulkhead_acquire, 1, 9);
    }
    const auto told = kinds();
    EXPECT_EQ(std::ranges::count(told, event_kind::breaker_call), std::ptrdiff_t{room});
    EXPECT_EQ(std::ranges::count(told, event_kind::breaker_state_change), std::ptrdiff_t{layout::event_reserve});
    EXPECT_EQ(shm::counts_of(mine()).dropped, 1'000 - room + layout::event_reserve);
}

// Fails if the permits of a process that died take the places of a change of state, or some of them are neither told nor counted.
TEST_F(TelemetryTest, ManyReclaimedPermitsLeaveRoomForAChangeOfState) {
    const emitter own = breaker_events();
    const emitter of_nobody{where(), {.index = 2, .incarnation = 5, .kind = layout::kind::bulkhead, .name = "db"}};
    for (const auto& [events, ring] : {std::pair{&own, &mine()}, std::pair{&of_nobody, &shared()}}) {
        events->bulkhead_reclaimed(0, 65535, 100);
        EXPECT_EQ(shm::counts_of(*ring).pushed + shm::counts_of(*ring).dropped, 100U);
        for (std::uint32_t i = 0; i < layout::event_reserve; ++i)
            events->breaker_state_change(state::closed, state::open, i, now);
        EXPECT_EQ(shm::counts_of(*ring).pushed, layout::event_ring::capacity);
        events->bulkhead_reclaimed(0, 65535, 65535);
        EXPECT_EQ(shm::counts_of(*ring).pushed + shm::counts_of(*ring).dropped, 100U + layout::event_reserve + 65535);
        std::vector<event_kind> told;
        for (const auto& each : drained(*ring)) told.push_back(kind_of(each));
        EXPECT_EQ(std::ranges::count(told, event_kind::breaker_state_change), std::ptrdiff_t{layout::event_reserve});
        EXPECT_EQ(std::ranges::count(told, event_kind::bulkhead_reclaimed),
                  std::ptrdiff_t{layout::event_ring::capacity - layout::event_reserve});
    }
}

}  // namespace
}  // namespace seki::test
