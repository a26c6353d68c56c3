// Which events go into the ring of a worker, and what they say.
#include "primitives/telemetry.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "limiter_fixture.hpp"
#include "primitives/event_types.hpp"
#include "primitives/trace_context.hpp"
#include "shm/event_ring.hpp"

namespace seki::test {
namespace {

using algorithm::breaker::outcome;
using algorithm::breaker::state;
using layout::event_kind;
using primitives::emitter;
using shm::hardware;
using testing::ElementsAre;

struct TelemetryTest : LimiterTest {
    ~TelemetryTest() override { primitives::trace_of_thread = {}; }

    // As sekid does it, while somebody listens there.
    void listen(std::chrono::nanoseconds for_so_long = 1s) const {
        hardware::store_relaxed(where().header().id.listening, now + static_cast<std::uint64_t>(for_so_long.count()));
    }
    void sample(double part) const { sample(part, part); }
    void sample(double allowed_checks, double others) const {
        hardware::store_relaxed(where().header().event_sample, layout::pack_event_sample(allowed_checks, others));
    }
    [[nodiscard]] layout::event_ring& mine() const { return in()->me().slot->events; }
    [[nodiscard]] layout::event_ring& shared() const { return where().worker(where().parts().max_workers).events; }
    [[nodiscard]] static std::vector<shm::event_content> drained(layout::event_ring& ring) {
        std::vector<shm::event_content> all;
        shm::event_ring<>{ring}.drain([&](const shm::event_content& each) { all.push_back(each); });
        return all;
    }
    [[nodiscard]] static event_kind kind_of(const shm::event_content& event) {
        return layout::unpack_event_header(event[layout::event_head]).kind;
    }
    [[nodiscard]] std::vector<event_kind> kinds() const {
        std::vector<event_kind> all;
        for (const auto& each : drained(mine())) all.push_back(kind_of(each));
        return all;
    }
    [[nodiscard]] static std::string text_of(const shm::event_content& event) {
        char text[layout::event_text_size + 1]{};
        std::memcpy(text, &event[layout::event_text], layout::event_text_size);
        return text;
    }
    [[nodiscard]] emitter breaker_events() const {
        return {*in(), {.index = 3, .incarnation = 77, .kind = layout::kind::breaker, .name = "payments"}};
    }
};

void permit(const emitter& events, event_kind kind, std::uint64_t current, std::uint64_t available) {
    events.bulkhead_call(kind, [=] { return primitives::permits_now{current, available}; });
}

constexpr LimiterOptions one_a_minute{.limit = 1, .window = 60s, .max_keys = 64};

// Fails if an ordinary call writes to its ring, or looks there, while nobody wants to know.
TEST_F(TelemetryTest, NobodyListensAndNothingIsPushed) {
    const auto limiter = make(one_a_minute);
    for (int i = 0; i < 100; ++i) (void)check(limiter, "alice");
    EXPECT_EQ(shm::counts_of(mine()).pushed, 0U);
    EXPECT_EQ(shm::counts_of(mine()).dropped, 0U);
}

// Fails if a denial is not told, or a part of it is wrong: time, place, owner, numbers, key, trace.
TEST_F(TelemetryTest, ADenialIsToldWithItsKeyAndTrace) {
    const auto limiter = make(one_a_minute);
    listen();
    primitives::trace_of_thread = {1, 2, 3, 1};
    ASSERT_TRUE(check(limiter, "alice").allowed);
    pass(10s);
    listen();
    ASSERT_FALSE(check(limiter, "alice").allowed);
    const auto events = drained(mine());
    ASSERT_EQ(events.size(), 1U);
    const auto& event = events.front();
    const auto head = layout::unpack_event_header(event[layout::event_head]);
    EXPECT_EQ(head, (layout::event_header{event_kind::limiter_deny, 1, 0, 0,
                                          static_cast<std::uint16_t>(limiter.place().index), 5, true}));
    EXPECT_EQ(event[layout::event_time], now);
    EXPECT_EQ(event[layout::event_incarnation], limiter.place().incarnation);
    EXPECT_EQ(event[layout::event_who] >> 32, static_cast<std::uint64_t>(::getpid()));
    EXPECT_EQ(event[layout::event_who] & 0xffff'ffff, hardware::load_relaxed(in()->me().slot->thread));
    EXPECT_EQ(event[layout::event_first], 50'000'000'000U);
    EXPECT_EQ(event[layout::event_second], 1U);
    EXPECT_EQ(event[layout::event_tag], limiter.hash()("alice"));
    EXPECT_EQ(text_of(event), "alice");
    EXPECT_EQ(event[layout::event_trace_high], 1U);
    EXPECT_EQ(event[layout::event_trace_low], 2U);
    EXPECT_EQ(event[layout::event_span], 3U);
}

// Fails if a law or a mode is forgotten: each has a path of its own through a check.
TEST_F(TelemetryTest, EveryAlgorithmAndModeTells) {
    sample(1);
    for (const Algorithm algorithm : every_algorithm)
        for (const Mode mode : {Mode::enforce, Mode::shadow, Mode::off}) {
            const auto limiter = make(
                {.algorithm = algorithm, .limit = 1, .window = 60s, .max_keys = 1, .mode = mode},
                std::string{primitives::to_string(algorithm)}.substr(0, 5) + std::string{primitives::to_string(mode)});
            listen();
            (void)check(limiter, "alice");
            (void)check(limiter, "alice");
            (void)peek(limiter, "alice");
            if (mode == Mode::off) {
                EXPECT_THAT(kinds(), ElementsAre());
                continue;
            }
            const auto events = drained(mine());
            ASSERT_EQ(events.size(), 2U);
            EXPECT_EQ(kind_of(events[0]), event_kind::limiter_allow);
            EXPECT_EQ(kind_of(events[1]), event_kind::limiter_deny);
            EXPECT_EQ(layout::unpack_event_header(events[1][layout::event_head]).result, mode == Mode::shadow ? 1 : 0);
            ASSERT_TRUE(primitives::limiters::remove(where(), limiter.place().name));
        }
}

// Fails if the text of a key is told where texts are not kept, or more of it than fits, or one that is no text ends the event.
TEST_F(TelemetryTest, KeysAreToldAsFarAsTheyMayBeAndFit) {
    sample(1);
    listen();
    LimiterOptions options = one_a_minute;
    const std::string longest(4096, 'x');
    (void)check(make(options), longest);
    (void)check(make(options), "");
    (void)check(make(options), std::string_view{"a\0b", 3});
    options.store_keys = false;
    (void)check(make(options, "secret"), "alice");
    const auto events = drained(mine());
    ASSERT_EQ(events.size(), 4U);
    const auto head = [&](std::size_t i) { return layout::unpack_event_header(events[i][layout::event_head]); };
    EXPECT_EQ(head(0).key_size, 4096);
    EXPECT_EQ(text_of(events[0]), longest.substr(0, layout::event_text_size));
    EXPECT_EQ(head(1).key_size, 0);
    EXPECT_TRUE(head(1).has_text);
    EXPECT_EQ(head(2).key_size, 3);
    EXPECT_FALSE(head(3).has_text);
    EXPECT_EQ(text_of(events[3]), "");
    EXPECT_NE(events[3][layout::event_tag], 0U);
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

// Fails if a change of state waits for a listener, or says something else than what happened.
TEST_F(TelemetryTest, RareEventsAreToldWhoeverListens) {
    const emitter events = breaker_events();
    EXPECT_FALSE(events.watched(emitter::breaker_calls));
    events.breaker_state_change(state::half_open, state::open, 9, now);
    events.bulkhead_reclaimed(4, 6);
    const auto told = drained(mine());
    ASSERT_EQ(told.size(), 2U);
    const auto head = layout::unpack_event_header(told[0][layout::event_head]);
    EXPECT_EQ(head.kind, event_kind::breaker_state_change);
    EXPECT_EQ(head.result, static_cast<int>(state::half_open));
    EXPECT_EQ(head.detail, static_cast<int>(state::open));
    EXPECT_EQ(head.entry, 3);
    EXPECT_EQ(head.key_size, layout::no_key);
    EXPECT_EQ(told[0][layout::event_incarnation], 77U);
    EXPECT_EQ(told[0][layout::event_second], 9U);
    EXPECT_EQ(kind_of(told[1]), event_kind::bulkhead_reclaimed);
    EXPECT_EQ(told[1][layout::event_first], 4U);
    EXPECT_EQ(told[1][layout::event_second], 6U);
}

// Fails if calls of breakers and bulkheads are told to nobody, or ordinary ones are told unasked.
TEST_F(TelemetryTest, CallsAreToldToWhoListens) {
    const emitter events = breaker_events();
    const auto all = [&] {
        now = primitives::read_clock(Clock::precise);  // those of bulkheads read the clock
        listen();
        events.breaker_call(state::closed, outcome::ok, 1, now);
        events.breaker_call(state::closed, outcome::error, 2, now);
        events.breaker_call(state::half_open, outcome::slow, 3, now);
        events.breaker_rejected(state::open, now);
        permit(events, event_kind::bulkhead_acquire, 1, 9);
        permit(events, event_kind::bulkhead_release, 0, 10);
        permit(events, event_kind::bulkhead_rejected, 10, 0);
    };
    sample(0);
    all();
    EXPECT_THAT(kinds(), ElementsAre(event_kind::breaker_call, event_kind::breaker_call, event_kind::breaker_call,
                                     event_kind::bulkhead_rejected));
    sample(1);
    all();
    EXPECT_THAT(kinds(), ElementsAre(event_kind::breaker_call, event_kind::breaker_call, event_kind::breaker_call,
                                     event_kind::breaker_call, event_kind::bulkhead_acquire,
                                     event_kind::bulkhead_release, event_kind::bulkhead_rejected));
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

// Fails if who is not attached cannot tell what it gave back for the dead.
TEST_F(TelemetryTest, WhoIsNotAttachedUsesTheSharedRing) {
    const emitter events{where(), {.index = 2, .incarnation = 5, .kind = layout::kind::bulkhead, .name = "db"}};
    events.bulkhead_reclaimed(1, 2);
    EXPECT_EQ(drained(mine()).size(), 0U);
    const auto told = drained(shared());
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0][layout::event_who] >> 32, static_cast<std::uint64_t>(::getpid()));
}

// Fails if a name or a word is missing, and an event is told as something else.
TEST(EventTypes, EveryKindIsNamedOnce) {
    for (const auto& each : primitives::event_types()) {
        EXPECT_EQ(primitives::find_event_type(each.kind), &each);
        EXPECT_TRUE(each.name.starts_with("seki."));
        EXPECT_EQ(primitives::match_events(each.name).value_or(0), primitives::mask_of(each.kind));
    }
    EXPECT_EQ(primitives::find_event_type(event_kind::none), nullptr);
    EXPECT_EQ(primitives::find_event_type(static_cast<event_kind>(9)), nullptr);
    EXPECT_EQ(primitives::find_event_type(event_kind::breaker_call)->detail.word(primitives::outcome_rejected),
              "rejected");
    EXPECT_EQ(primitives::find_event_type(event_kind::breaker_call)->detail.word(200), "");
}

}  // namespace
}  // namespace seki::test
