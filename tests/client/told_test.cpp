// What is told of the decisions of breakers, bulkheads and adaptive limits, as they are made: each event once, with what it was.
#include <seki/telemetry.hpp>

#include <deque>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client_fixture.hpp"

namespace seki::test {
namespace {

using telemetry::attach;
using telemetry::Event;
using testing::ElementsAre;
using testing::IsEmpty;

struct ToldTest : ClientTest {
    // "seki.breaker.call it state=closed outcome=ok", with the measurements that are the same each time.
    void note(const Event& event) {
        std::string line = std::string{event.name} + " " + std::string{event.primitive};
        for (const auto& each : event.metadata)
            if (each.name != "name") line += " " + std::string{each.name} + "=" + std::string{each.value};
        for (const auto& each : event.measurements) {
            if (each.name == "old" || each.name == "new" || each.name == "current" || each.name == "available" ||
                each.name == "in_flight" || each.name == "limit")
                line += " " + std::string{each.name} + "=" + std::to_string(each.value);
            if (each.name == "generation") {
                if (generations_before < 0) generations_before = each.value - 1;
                line += " generation=" + std::to_string(each.value - generations_before);
            }
        }
        EXPECT_GT(event.time.count(), 0);
        told.push_back(line);
    }
    [[nodiscard]] std::vector<std::string> taken() { return std::exchange(told, {}); }

    Segment segment = opened();
    std::vector<std::string> told;
    std::int64_t generations_before = -1;  // a breaker begins with any
};

// Fails if a call, a refusal or a change of state is told of twice, not at all, in another order, or by another name.
TEST_F(ToldTest, WhatABreakerDoes) {
    const Breaker breaker = must(
        segment.breaker("it", {.window_size = 10, .minimum_calls = 2, .wait_duration = 24h, .half_open_requests = 1}));
    const auto kept = must(attach("seki.breaker.*", [&](const Event& event) { note(event); }));
    (void)breaker.call([] {});
    EXPECT_THAT(taken(), ElementsAre("seki.breaker.call it state=closed outcome=ok"));
    (void)breaker.call([] {}, [] { return Outcome::error; });
    EXPECT_THAT(taken(),
                testing::UnorderedElementsAre("seki.breaker.call it state=closed outcome=error",
                                              "seki.breaker.state_change it from=closed to=open generation=1"));
    (void)breaker.call([] {});
    EXPECT_THAT(taken(), ElementsAre("seki.breaker.call it state=open outcome=rejected"));
    ASSERT_EQ(breaker.close(), Errc::none);
    EXPECT_THAT(taken(), ElementsAre("seki.breaker.state_change it from=open to=forced_closed generation=2"));
    (void)breaker.call([] {}, [] { return Outcome::ignore; });
    EXPECT_THAT(taken(), ElementsAre("seki.breaker.call it state=forced_closed outcome=ignored"));
    ASSERT_EQ(breaker.open(), Errc::none);
    (void)breaker.call([] {});
    EXPECT_THAT(taken(), ElementsAre("seki.breaker.state_change it from=forced_closed to=forced_open generation=3",
                                     "seki.breaker.call it state=forced_open outcome=rejected"));
}

// Fails if probes and what comes of them are not told of, each in its state.
TEST_F(ToldTest, WhatABreakersProbesComeTo) {
    const Breaker breaker = must(
        segment.breaker("it", {.window_size = 10, .minimum_calls = 1, .wait_duration = 1ms, .half_open_requests = 1}));
    (void)breaker.call([] {}, [] { return Outcome::error; });
    while (must(breaker.status()).retry_after != 0ns) {
    }
    const auto kept = must(attach("seki.breaker.*", [&](const Event& event) { note(event); }));
    (void)breaker.call([] {});
    EXPECT_THAT(taken(),
                testing::UnorderedElementsAre("seki.breaker.state_change it from=open to=half_open generation=1",
                                              "seki.breaker.call it state=half_open outcome=ok",
                                              "seki.breaker.state_change it from=half_open to=closed generation=2"));
}

// Fails if a handler that is not attached any more is told.
TEST_F(ToldTest, NobodyIsToldWhoDoesNotListen) {
    const Breaker breaker = must(segment.breaker("it", {}));
    {
        const auto kept = must(attach("seki.breaker.*", [&](const Event& event) { note(event); }));
    }
    (void)breaker.call([] {});
    EXPECT_THAT(taken(), IsEmpty());
}

// Fails if a permit that is taken, refused or given back is not told of, or with other numbers than there are then.
TEST_F(ToldTest, WhatPermitsDo) {
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 2}));
    const Adaptive backend = must(segment.adaptive("backend", {.max_limit = 1, .initial_limit = 1}));
    const auto kept = must(attach("seki.bulkhead.*", [&](const Event& event) { note(event); }));
    const auto kept_too = must(attach("seki.adaptive.*", [&](const Event& event) { note(event); }));
    {
        const Permit first = must(database.try_acquire());
        EXPECT_THAT(taken(), ElementsAre("seki.bulkhead.acquire database current=1 available=1"));
        Permit second = must(database.try_acquire());
        EXPECT_THAT(taken(), ElementsAre("seki.bulkhead.acquire database current=2 available=0"));
        EXPECT_FALSE(database.try_acquire());
        EXPECT_THAT(taken(), ElementsAre("seki.bulkhead.rejected database current=2 available=0"));
        second.release();
        EXPECT_THAT(taken(), ElementsAre("seki.bulkhead.release database current=1 available=1"));
    }
    EXPECT_THAT(taken(), ElementsAre("seki.bulkhead.release database current=0 available=2"));
    {
        const AdaptivePermit one = must(backend.try_acquire());
        EXPECT_THAT(taken(), ElementsAre("seki.adaptive.acquire backend in_flight=1 limit=1"));
        EXPECT_FALSE(backend.try_acquire());
        EXPECT_THAT(taken(), ElementsAre("seki.adaptive.rejected backend in_flight=1 limit=1"));
    }
    EXPECT_THAT(taken(), ElementsAre("seki.adaptive.release backend in_flight=0 limit=1"));
}

// Fails if a limit that moved is not told of, one that stayed is, or the numbers are others.
TEST_F(ToldTest, WhenAnAdaptiveLimitMoves) {
    const Adaptive backend = must(segment.adaptive(
        "backend", {.algorithm = AdaptiveLaw::aimd, .min_limit = 1, .max_limit = 5, .initial_limit = 4, .window = 4}));
    const auto kept = must(attach("seki.adaptive.limit_change", [&](const Event& event) { note(event); }));
    const auto window_of = [&](Outcome outcome, std::uint64_t calls) {
        std::deque<AdaptivePermit> held;
        for (std::uint64_t call = 0; call < calls; ++call) {
            while (auto permit = backend.try_acquire()) held.push_back(std::move(*permit));
            held.front().release(outcome);
            held.pop_front();
        }
        for (AdaptivePermit& each : held) each.release(Outcome::ignore);
    };
    window_of(Outcome::ok, 4);
    EXPECT_THAT(taken(), IsEmpty()) << "the first window says nothing";
    window_of(Outcome::ok, 4);
    EXPECT_THAT(taken(), ElementsAre("seki.adaptive.limit_change backend old=4 new=5"));
    window_of(Outcome::ok, 5);
    EXPECT_THAT(taken(), IsEmpty()) << "it is as high as it may be";
}

// Fails if the lowest limit of all is taken for none.
TEST_F(ToldTest, WhenAnAdaptiveLimitMovesFromOne) {
    const Adaptive backend = must(segment.adaptive(
        "backend", {.algorithm = AdaptiveLaw::aimd, .min_limit = 1, .max_limit = 2, .initial_limit = 1, .window = 4}));
    const auto kept = must(attach("seki.adaptive.limit_change", [&](const Event& event) { note(event); }));
    for (int call = 0; call < 8; ++call) must(backend.try_acquire()).release(Outcome::ok);
    EXPECT_THAT(taken(), ElementsAre("seki.adaptive.limit_change backend old=1 new=2"));
}

}  // namespace
}  // namespace seki::test
