// What events in the ring of a worker say.
#include <unistd.h>

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "primitives/event_types.hpp"
#include "telemetry_fixture.hpp"

namespace seki::test {
namespace {

using algorithm::breaker::outcome;
using algorithm::breaker::state;
using testing::ElementsAre;

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
    primitives::trace_of_thread = {0x5a5a'1234'5678'9abc, 0x6b6b'1234'5678'9abc, 0x7c7c'1234'5678'9abc, 1};
    ASSERT_FALSE(check(limiter, "alice").allowed);
    const auto next = drained(mine());
    ASSERT_EQ(next.size(), 1U);
    EXPECT_EQ(next[0][layout::event_trace_high], 0x5a5a'1234'5678'9abcU);
    EXPECT_EQ(next[0][layout::event_trace_low], 0x6b6b'1234'5678'9abcU);
    EXPECT_EQ(next[0][layout::event_span], 0x7c7c'1234'5678'9abcU);
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
    constexpr auto beyond = static_cast<event_kind>(static_cast<int>(layout::last_event_kind) + 1);
    EXPECT_EQ(primitives::find_event_type(beyond), nullptr);
    EXPECT_EQ(primitives::find_event_type(event_kind::breaker_call)->detail.word(primitives::outcome_rejected),
              "rejected");
    EXPECT_EQ(primitives::find_event_type(event_kind::breaker_call)->detail.word(200), "");
}

// Fails if what sekid must learn of, though nobody listened when it happened, is one of those that are told to listeners alone; or the other way round.
TEST(EventTypes, TransitionsAndWhatTheDeadLeftAreRare) {
    for (const event_kind kind : {event_kind::breaker_state_change, event_kind::bulkhead_reclaimed,
                                  event_kind::adaptive_reclaimed, event_kind::shed_reclaimed})
        EXPECT_TRUE(primitives::is_rare(kind));
    for (const event_kind kind : {event_kind::bulkhead_acquire, event_kind::adaptive_acquire, event_kind::shed_shed,
                                  event_kind::breaker_call, event_kind::hedge_complete})
        EXPECT_FALSE(primitives::is_rare(kind));
}

// Fails if who may only read writes into a ring: its mapping would not take it.
TEST_F(TelemetryTest, WhoMayOnlyReadTellsNothing) {
    const auto read = shm::segment::attach(path(), shm::segment::access::read_only);
    ASSERT_TRUE(read);
    const shm::attachment other{*read};
    listen();
    const std::string before{memory()};
    const emitter events{other, {.index = 3, .incarnation = 77, .kind = layout::kind::breaker, .name = "payments"}};
    events.breaker_state_change(algorithm::breaker::state::closed, algorithm::breaker::state::open, 1, now);
    permit(events, event_kind::bulkhead_acquire, 1, 2);
    EXPECT_TRUE(memory() == before);
}

}  // namespace
}  // namespace seki::test
