// What handlers and rings are told of each event, word for word, and which events are told unasked.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "primitives/event_types.hpp"
#include "primitives/hooks.hpp"
#include "primitives/registry.hpp"
#include "primitives/shedder.hpp"
#include "telemetry_fixture.hpp"

namespace seki::test {
namespace {

using algorithm::breaker::outcome;
using algorithm::breaker::state;
using layout::kind;
using primitives::hedge_status;
using testing::ElementsAre;

std::string line_of(const telemetry::Event& event) {
    std::string line = fmt::format("{} {}", event.name, event.primitive);
    for (const auto& each : event.measurements)
        line += each.name == "system_time" ? " system_time" : fmt::format(" {}={}", each.name, each.value);
    for (const auto& each : event.metadata) line += fmt::format(" {}={}", each.name, each.value);
    if (event.key) line += fmt::format(" key {}", *event.key);
    return line;
}

// What handlers are told while the events happen.
std::vector<std::string> told_in(const std::function<void()>& happen) {
    std::vector<std::string> lines;
    auto* const place = primitives::hooks::attach(
        primitives::all_events, [&](const telemetry::Event& event) { lines.push_back(line_of(event)); });
    happen();
    primitives::hooks::detach(place);
    return lines;
}

struct WordsTest : TelemetryTest {
    WordsTest() {
        now = primitives::read_clock(Clock::precise);  // as most of them read it
        listen(20s);
    }
    [[nodiscard]] emitter of(kind what, std::string_view name = "it") const {
        return {*in(), {.index = 3, .incarnation = 77, .kind = what, .name = std::string{name}}};
    }
    // {kind, first, second, result, detail} of what is in the ring.
    [[nodiscard]] std::vector<std::string> in_ring() const {
        std::vector<std::string> lines;
        for (const auto& each : drained(mine())) {
            const auto head = layout::unpack_event_header(each[layout::event_head]);
            lines.push_back(fmt::format("{} {} {} {} {}", static_cast<int>(head.kind), each[layout::event_first],
                                        each[layout::event_second], head.result, head.detail));
        }
        return lines;
    }
};

// Fails if a number or a word of an event is left out, is another's, or is called otherwise.
TEST_F(WordsTest, AHandlerIsToldEachEventByItsWords) {
    const emitter breaker = of(kind::breaker), retry = of(kind::retry), hedge = of(kind::hedge);
    const emitter bulkhead = of(kind::bulkhead), adaptive = of(kind::adaptive), shedder = of(kind::shedder);
    const emitter limiter = of(kind::limiter);
    const emitter::key alice{.tag = 5, .text = "alice"};
    const auto permits = [](const emitter& events, event_kind what) { permit(events, events.name_of(what), 4, 6); };
    EXPECT_THAT(
        told_in([&] {
            limiter.limiter_decision({.allowed = true, .remaining = 7, .retry_after = 3s}, alice, 2, now);
            limiter.limiter_decision({.allowed = false, .remaining = 7, .retry_after = 3s}, alice, 2, now);
            limiter.limiter_decision({.allowed = false, .retry_after = std::chrono::nanoseconds{-1}}, alice, 2, now);
            limiter.limiter_decision({.allowed = true, .shadow = true, .retry_after = 3s}, alice, 2, now);
        }),
        ElementsAre("seki.rate_limit.allow it remaining=7 cost=2 name=it key=alice key alice",
                    "seki.rate_limit.deny it retry_after=3000000000 cost=2 name=it key=alice key alice",
                    "seki.rate_limit.deny it retry_after=0 cost=2 name=it key=alice key alice",
                    "seki.rate_limit.deny it retry_after=3000000000 cost=2 name=it key=alice shadow=true key alice"));
    EXPECT_THAT(
        told_in([&] {
            breaker.breaker_call(state::closed, outcome::ignore, 9, now);
            breaker.breaker_call(state::half_open, outcome::slow, ~0ULL, now);
            breaker.breaker_rejected(state::open, now);
            breaker.breaker_state_change(state::forced_open, state::observe, 11, now);
        }),
        ElementsAre("seki.breaker.call it duration=9 name=it state=closed outcome=ignored",
                    "seki.breaker.call it duration=9223372036854775807 name=it state=half_open outcome=slow",
                    "seki.breaker.call it duration=0 name=it state=open outcome=rejected",
                    "seki.breaker.state_change it system_time generation=11 name=it from=forced_open to=observe"));
    EXPECT_THAT(told_in([&] {
                    retry.retry_attempt(1, Errc::circuit_open);
                    retry.retry_retry(2, 50, Errc::rate_limited);
                    retry.retry_success(3);
                    retry.retry_exhausted(4, Errc::interrupted);
                }),
                ElementsAre("seki.retry.attempt it attempt=1 name=it error=circuit_open",
                            "seki.retry.retry it attempt=2 delay=50 name=it error=rate_limited",
                            "seki.retry.success it attempt=3 name=it",
                            "seki.retry.exhausted it attempts=4 name=it error=interrupted"));
    for (const auto& [events, name] : {std::pair{&bulkhead, "bulkhead"}, std::pair{&adaptive, "adaptive"}}) {
        const char* const all = name[0] == 'b' ? "current=4 available=6" : "in_flight=4 limit=6";
        std::vector<std::string> wanted;
        for (const char* what : {"acquire", "release", "rejected", "reclaimed", "reclaimed"})
            wanted.push_back(fmt::format("seki.{}.{} it {} name=it", name, what, all));
        EXPECT_EQ(told_in([&, permits_of = events] {
                      permits(*permits_of, event_kind::bulkhead_acquire);
                      permits(*permits_of, event_kind::bulkhead_release);
                      permits(*permits_of, event_kind::bulkhead_rejected);
                      permits_of->bulkhead_reclaimed(4, 6, 2);
                  }),
                  wanted);
    }
    EXPECT_THAT(told_in([&] {
                    shedder.shedder_call(event_kind::shed_admit, 0, 5);
                    shedder.shedder_call(event_kind::shed_shed, 1, 6);
                    shedder.shedder_call(event_kind::shed_codel_drop, 3, 7);
                    shedder.bulkhead_reclaimed(1, 2);
                    adaptive.adaptive_limit_change(20, 21);
                }),
                ElementsAre("seki.shed.admit it in_flight=5 name=it priority=0",
                            "seki.shed.shed it in_flight=6 name=it priority=1",
                            "seki.shed.codel_drop it drop_count=7 name=it priority=3",
                            "seki.shed.reclaimed it in_flight=1 limit=2 name=it",
                            "seki.adaptive.limit_change it old=20 new=21 name=it"));
    EXPECT_THAT(told_in([&] {
                    hedge.hedge_complete(hedge_status::first, 1, 30);
                    hedge.hedge_complete(hedge_status::extra, 2, 31);
                    hedge.hedge_complete(hedge_status::call_failed, 3, 32);
                    hedge.hedge_complete(hedge_status::deadline_exceeded, 4, 33);
                }),
                ElementsAre("seki.hedge.complete it count=1 duration=30 name=it status=first",
                            "seki.hedge.complete it count=2 duration=31 name=it status=extra",
                            "seki.hedge.complete it count=3 duration=32 name=it status=call_failed",
                            "seki.hedge.complete it count=4 duration=33 name=it status=deadline_exceeded"));
}

// Fails if a shedder tells nobody whom it lets in or sheds, or tells it of another priority or number in flight.
TEST_F(WordsTest, AShedderTellsWhomItLetsInAndWhomItSheds) {
    const auto place = primitives::shedders::find_or_make(where(), "door", {.max_in_flight = 2});
    ASSERT_TRUE(place) << place.error().message;
    const primitives::shedder door{in(), *place};
    std::vector<shm::permit> held;
    EXPECT_THAT(told_in([&] {
                    for (const unsigned priority : {1U, 0U, 0U, 2U})
                        held.push_back(door.admit(priority, primitives::shedder::not_known).held);
                }),
                ElementsAre("seki.shed.admit door in_flight=1 name=door priority=1",
                            "seki.shed.admit door in_flight=2 name=door priority=0",
                            "seki.shed.admit door in_flight=3 name=door priority=0",
                            "seki.shed.shed door in_flight=3 name=door priority=2"));
    for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(door.complete(held[i])) << i;
    EXPECT_FALSE(held[3]);
}

// Fails if a time beyond what can be told runs over, if the thread is another, or a handler is told of the trace of nobody.
TEST_F(WordsTest, AHandlerIsToldWhenAndWhereItHappened) {
    const emitter events = of(kind::breaker);
    std::vector<std::pair<std::chrono::nanoseconds, telemetry::Worker>> seen;
    std::vector<std::optional<telemetry::TraceContext>> traces;
    auto* const place = primitives::hooks::attach(primitives::all_events, [&](const telemetry::Event& event) {
        seen.emplace_back(event.time, event.worker);
        traces.push_back(event.trace);
    });
    events.breaker_rejected(state::open, 12'345);
    primitives::trace_of_thread = {0, 0x0102, 0x0a0b, 1};
    events.breaker_rejected(state::open, ~0ULL);
    primitives::hooks::detach(place);
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_EQ(seen[0].first, std::chrono::nanoseconds{12'345});
    EXPECT_EQ(seen[1].first, std::chrono::nanoseconds::max());
    for (const auto& each : seen) {
        EXPECT_EQ(each.second.pid, static_cast<std::uint32_t>(in()->me().who >> 32));
        EXPECT_EQ(each.second.thread, static_cast<std::uint32_t>(in()->me().who));
    }
    telemetry::TraceContext wanted;
    wanted.trace_id[14] = 1;
    wanted.trace_id[15] = 2;
    wanted.span_id[6] = 0x0a;
    wanted.span_id[7] = 0x0b;
    wanted.flags = 1;
    EXPECT_THAT(traces, ElementsAre(std::nullopt, std::optional{wanted}));
}

// Fails if an event that is told to a handler is told to the ring, too, or the other way round.
TEST_F(WordsTest, WhoListensIsToldTheSameNumbers) {
    sample(1);
    listen(20s);
    const emitter breaker = of(kind::breaker), retry = of(kind::retry), hedge = of(kind::hedge);
    const emitter adaptive = of(kind::adaptive), shedder = of(kind::shedder);
    breaker.breaker_call(state::half_open, outcome::slow, 9, now);
    breaker.breaker_rejected(state::forced_open, now);
    retry.retry_attempt(1, Errc::none);
    retry.retry_retry(2, 50, Errc::interrupted);
    retry.retry_success(3);
    retry.retry_exhausted(4, Errc::interrupted);
    adaptive.adaptive_limit_change(20, 21);
    shedder.shedder_call(event_kind::shed_admit, 3, 5);
    hedge.hedge_complete(hedge_status::call_failed, 3, 32);
    const auto error = static_cast<int>(Errc::interrupted);
    const auto number = [](event_kind what) { return static_cast<int>(what); };
    EXPECT_THAT(in_ring(), ElementsAre(fmt::format("{} 9 0 2 3", number(event_kind::breaker_call)),
                                       fmt::format("{} 0 0 3 4", number(event_kind::breaker_call)),
                                       fmt::format("{} 1 0 0 0", number(event_kind::retry_attempt)),
                                       fmt::format("{} 2 50 0 {}", number(event_kind::retry_retry), error),
                                       fmt::format("{} 3 0 0 0", number(event_kind::retry_success)),
                                       fmt::format("{} 4 0 0 {}", number(event_kind::retry_exhausted), error),
                                       fmt::format("{} 20 21 0 0", number(event_kind::adaptive_limit_change)),
                                       fmt::format("{} 5 0 3 0", number(event_kind::shed_admit)),
                                       fmt::format("{} 3 32 0 2", number(event_kind::hedge_complete))));
}

// Fails if a success is told unasked, or what is none is kept back with the successes.
TEST_F(WordsTest, SuccessesAloneAreSampled) {
    sample(0);
    listen(20s);
    const emitter breaker = of(kind::breaker), retry = of(kind::retry), hedge = of(kind::hedge);
    const emitter bulkhead = of(kind::bulkhead), adaptive = of(kind::adaptive), shedder = of(kind::shedder);
    const emitter limiter = of(kind::limiter);
    limiter.limiter_decision({.allowed = true}, {}, 1, now);
    breaker.breaker_call(state::closed, outcome::ok, 1, now);
    retry.retry_attempt(1, Errc::none);
    retry.retry_success(1);
    hedge.hedge_complete(hedge_status::first, 1, 1);
    hedge.hedge_complete(hedge_status::extra, 2, 1);
    shedder.shedder_call(event_kind::shed_admit, 0, 1);
    for (const emitter* each : {&bulkhead, &adaptive})
        for (const event_kind what : {event_kind::bulkhead_acquire, event_kind::bulkhead_release})
            permit(*each, each->name_of(what), 1, 1);
    EXPECT_THAT(kinds(), ElementsAre());
    limiter.limiter_decision({.allowed = false}, {}, 1, now);
    breaker.breaker_call(state::closed, outcome::error, 1, now);
    breaker.breaker_call(state::closed, outcome::ignore, 1, now);
    retry.retry_retry(1, 1, Errc::rate_limited);
    retry.retry_exhausted(1, Errc::rate_limited);
    hedge.hedge_complete(hedge_status::call_failed, 1, 1);
    hedge.hedge_complete(hedge_status::deadline_exceeded, 1, 1);
    shedder.shedder_call(event_kind::shed_shed, 0, 1);
    shedder.shedder_call(event_kind::shed_codel_drop, 0, 1);
    adaptive.adaptive_limit_change(1, 2);
    permit(bulkhead, event_kind::bulkhead_rejected, 1, 1);
    permit(adaptive, event_kind::adaptive_rejected, 1, 1);
    EXPECT_THAT(kinds(), ElementsAre(event_kind::limiter_deny, event_kind::breaker_call, event_kind::breaker_call,
                                     event_kind::retry_retry, event_kind::retry_exhausted, event_kind::hedge_complete,
                                     event_kind::hedge_complete, event_kind::shed_shed, event_kind::shed_codel_drop,
                                     event_kind::adaptive_limit_change, event_kind::bulkhead_rejected,
                                     event_kind::adaptive_rejected));
}

// Fails if what is rare is told to nobody while nobody listens, or what is not is.
TEST_F(WordsTest, WhatIsRareIsToldWhoeverListens) {
    listen(0ns);
    for (const kind each : {kind::bulkhead, kind::adaptive, kind::shedder}) {
        of(each).bulkhead_reclaimed(1, 2);
        if (each != kind::shedder) permit(of(each), of(each).name_of(event_kind::bulkhead_rejected), 1, 2);
    }
    of(kind::breaker).breaker_state_change(state::closed, state::open, 1, now);
    of(kind::breaker).breaker_rejected(state::open, now);
    of(kind::adaptive).adaptive_limit_change(1, 2);
    EXPECT_THAT(kinds(), ElementsAre(event_kind::bulkhead_reclaimed, event_kind::adaptive_reclaimed,
                                     event_kind::shed_reclaimed, event_kind::breaker_state_change));
    for (const auto& type : primitives::event_types())
        for (const auto* each : {&type.result, &type.detail})
            for (const unsigned beyond : {6U, 7U, 255U})
                if (!each->is_error || beyond > primitives::last_errc) {
                    EXPECT_EQ(each->word(static_cast<std::uint8_t>(beyond)), "") << type.name;
                }
}

// Fails if what a handler holds outlives its detaching.
TEST_F(WordsTest, ADetachedHandlerIsDestroyed) {
    const auto held = std::make_shared<int>(7);
    auto* const place = primitives::hooks::attach(primitives::all_events, [held](const telemetry::Event&) {});
    EXPECT_EQ(held.use_count(), 2);
    of(kind::breaker).breaker_rejected(state::open, now);
    primitives::hooks::detach(place);
    EXPECT_EQ(held.use_count(), 1);
}

// Fails if a key of some length is told with a byte of another, or with what stood there before.
TEST_F(WordsTest, KeysOfEveryLengthAreToldAsTheyBegin) {
    const auto limiter = make({.limit = 1, .window = 60s, .max_keys = 256});
    std::string key;
    for (std::size_t length = 0; length <= layout::event_text_size + 17; ++length) {
        listen();
        (void)check(limiter, key, 2);  // more than there can be
        const auto events = drained(mine());
        ASSERT_EQ(events.size(), 1U);
        std::string told(layout::event_text_size, '\0');
        std::memcpy(told.data(), &events[0][layout::event_text], told.size());
        std::string wanted = key.substr(0, layout::event_text_size);
        wanted.resize(layout::event_text_size);
        EXPECT_EQ(told, wanted) << length;
        EXPECT_EQ(layout::unpack_event_header(events[0][layout::event_head]).key_size, length);
        key += static_cast<char>(0x81 + length);
    }
}

// Fails if who tells of a short key reads what stands before it.
TEST_F(WordsTest, NothingBeforeAKeyIsRead) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    void* const two = ::mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(two, MAP_FAILED);
    ASSERT_EQ(::mprotect(two, page, PROT_NONE), 0);
    char* const text = static_cast<char*>(two) + page;
    std::memcpy(text, "alice", 5);
    const auto limiter = make(one_a_minute);
    listen();
    (void)check(limiter, {text, 5}, 2);  // more than there can be
    const auto events = drained(mine());
    ::munmap(two, 2 * page);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(text_of(events[0]), "alice");
}

// Fails if a change of state is told with another time of the day than that at which it happened, or what has no key with one.
TEST_F(WordsTest, AChangeOfStateIsToldByTheTimeOfTheDay) {
    const auto time = [] {
        return static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch() / 1ns);
    };
    const std::uint64_t before = time();
    of(kind::breaker).breaker_state_change(state::closed, state::open, 1, now);
    const auto events = drained(mine());
    ASSERT_EQ(events.size(), 1U);
    EXPECT_GE(events[0][layout::event_first], before);
    EXPECT_LE(events[0][layout::event_first], time());
    EXPECT_EQ(events[0][layout::event_tag], 0U);
}

// Fails if the time until which somebody listens is over before its last moment, or lasts beyond it, or one that is further off than any tick counts.
TEST_F(WordsTest, WhoListensDoesSoUntilThatMoment) {
    pass(2h);  // so that none of it is near the present, which is looked at, too
    const emitter events = of(kind::breaker);
    const auto is_told = [&](std::uint64_t until) {
        hardware::store_relaxed(where().header().id.listening, until);
        events.breaker_rejected(state::open, now);
        return !drained(mine()).empty();
    };
    constexpr std::uint64_t longest = 30'000'000'000;
    EXPECT_TRUE(is_told(now + 1));
    EXPECT_TRUE(is_told(now + longest));
    EXPECT_FALSE(is_told(now + longest + 1));
    EXPECT_FALSE(is_told(now));
    EXPECT_FALSE(is_told(now - 1));
    EXPECT_FALSE(is_told(0));
}

// Fails if who was stopped with an old time in its hand takes the listener of now for nobody: no process of the host would tell it anything until its next tick.
TEST_F(WordsTest, WhoWasStoppedOnTheWaySilencesNobody) {
    const std::uint64_t present = primitives::read_clock(Clock::precise), until = present + 29'000'000'000;
    hardware::store_relaxed(where().header().id.listening, until);
    of(kind::breaker).breaker_rejected(state::open, present - 60'000'000'000);
    EXPECT_EQ(drained(mine()).size(), 1U);
    EXPECT_EQ(hardware::load_relaxed(where().header().id.listening), until);
}

// Fails if a process that may only read writes into a ring.
TEST_F(WordsTest, WhoOnlyReadsTellsItsHandlersAlone) {
    auto reading = shm::segment::attach(path(), shm::segment::access::read_only);
    ASSERT_TRUE(reading) << reading.error().message;
    const emitter events{**reading, {.index = 3, .incarnation = 77, .kind = kind::bulkhead, .name = "db"}};
    EXPECT_THAT(told_in([&] { events.bulkhead_reclaimed(1, 2); }),
                ElementsAre("seki.bulkhead.reclaimed db current=1 available=2 name=db"));
    listen(20s);
    events.breaker_rejected(state::open, now);
    events.breaker_state_change(state::closed, state::open, 1, now);
    EXPECT_EQ(drained(shared()).size(), 0U);
}

}  // namespace
}  // namespace seki::test
