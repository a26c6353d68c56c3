// Handlers and traces, as a user's program has them.
#include <seki/telemetry.hpp>

#include <unistd.h>

#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client_fixture.hpp"

namespace seki::test {
namespace {

using telemetry::attach;
using telemetry::Event;
using telemetry::Subscription;
using telemetry::TraceContext;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

struct HandlersTest : ClientTest {
    Segment segment = opened();
    Limiter logins = must(segment.limiter("logins", {.limit = 1, .window = 366 * 24h, .max_keys = 64}));
};

// Fails if an event is missing, comes late, or says something else than the decision.
TEST_F(HandlersTest, AHandlerIsToldInLine) {
    std::vector<std::string> told;
    const auto kept = must(attach("seki.rate_limit.*", [&](const Event& event) {
        std::string line{event.name};
        line += " " + std::string{event.primitive} + " " + std::string{event.key.value_or("-")};
        for (const auto& each : event.measurements)
            line += " " + std::string{each.name} + (each.name == "cost" ? "=" + std::to_string(each.value) : "");
        for (const auto& each : event.metadata) line += " " + std::string{each.name} + "=" + std::string{each.value};
        told.push_back(line);
        EXPECT_EQ(event.worker.pid, static_cast<std::uint32_t>(::getpid()));
        EXPECT_EQ(event.worker.thread, static_cast<std::uint32_t>(::gettid()));
        EXPECT_GT(event.time.count(), 0);
        EXPECT_FALSE(event.trace);
    }));
    (void)logins.check("alice");
    EXPECT_THAT(told, ElementsAre("seki.rate_limit.allow logins alice remaining cost=1 name=logins key=alice"));
    (void)logins.check("alice");
    (void)logins.peek("alice");
    EXPECT_THAT(told, ElementsAre("seki.rate_limit.allow logins alice remaining cost=1 name=logins key=alice",
                                  "seki.rate_limit.deny logins alice retry_after cost=1 name=logins key=alice"));
}

// Fails if a handler is told what it did not ask for, or after it was detached.
TEST_F(HandlersTest, AHandlerIsToldWhatItsPatternMatchesWhileItIsAttached) {
    int allowed = 0, denied = 0, all = 0;
    {
        const auto first = must(attach("seki.*.allow", [&](const Event&) { ++allowed; }));
        auto second = must(attach("seki.rate_limit.deny", [&](const Event&) { ++denied; }));
        const auto third = must(attach("*", [&](const Event&) { ++all; }));
        (void)logins.check("alice");
        (void)logins.check("alice");
        second = Subscription{};
        (void)logins.check("alice");
    }
    (void)logins.check("alice");
    EXPECT_EQ(allowed, 1);
    EXPECT_EQ(denied, 1);
    EXPECT_EQ(all, 3);
}

// Fails if a mistake in a pattern goes unnoticed, or the message does not help.
TEST_F(HandlersTest, APatternThatMatchesNothingIsAnError) {
    constexpr std::string_view cut{"seki.rate_limit.deny\0x", 22};
    for (const std::string_view wrong : {std::string_view{"seki.breakr.*"}, std::string_view{}, cut}) {
        const auto refused = attach(wrong, [](const Event&) {});
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Errc::invalid_argument);
        EXPECT_THAT(refused.error().message, HasSubstr("seki.breaker.state_change"));
    }
    EXPECT_THAT(attach("seki.breakr.*", [](const Event&) {}).error().message,
                HasSubstr("pattern \"seki.breakr.*\" matches no event: there are seki.rate_limit.allow"));
    EXPECT_FALSE(attach("*", {}));
}

// Fails if what a handler throws gets out of a check, is not counted, or keeps other handlers from being told.
TEST_F(HandlersTest, WhatAHandlerThrowsIsCountedAndGoesNoFurther) {
    const std::uint64_t before = telemetry::handler_failures();
    int told = 0;
    const auto after = must(attach("*", [&](const Event&) { ++told; }));
    const auto thrower = must(attach("*", [](const Event&) { throw std::runtime_error("no"); }));
    const auto odd = must(attach("*", [](const Event&) { throw 7; }));
    EXPECT_TRUE(logins.check("alice").allowed);
    EXPECT_EQ(told, 1);
    EXPECT_EQ(telemetry::handler_failures() - before, 2U);
}

// Fails if a handler that uses a limiter calls itself without end.
TEST_F(HandlersTest, AHandlerMayUseLimitersItself) {
    int told = 0;
    const auto kept = must(attach("*", [&](const Event&) {
        ++told;
        EXPECT_FALSE(logins.check("alice").allowed);
    }));
    EXPECT_TRUE(logins.check("alice").allowed);
    EXPECT_EQ(told, 1);
}

// Fails if a handler that ends itself is waited for by itself.
TEST_F(HandlersTest, AHandlerMayDetachItself) {
    int told = 0;
    Subscription kept;
    kept = must(attach("*", [&](const Event&) {
        ++told;
        kept = Subscription{};
    }));
    (void)logins.check("alice");
    (void)logins.check("alice");
    EXPECT_EQ(told, 1);
}

// Fails if a handler runs on with what is gone: detaching has to wait for it.
TEST_F(HandlersTest, DetachingWaitsForCallsUnderWay) {
    std::latch inside{1}, go_on{1};
    auto alive = std::make_unique<std::atomic<int>>(0);
    auto kept = must(attach("*", [&](const Event&) {
        inside.count_down();
        go_on.wait();
        ++*alive;
    }));
    std::jthread caller{[&] { (void)logins.check("alice"); }};
    inside.wait();
    std::jthread releaser{[&] { go_on.count_down(); }};
    kept = Subscription{};
    EXPECT_EQ(*alive, 1);
}

// Fails, under a sanitizer or by a wrong count, if attaching, detaching and calling at once step on each other.
TEST_F(HandlersTest, ThreadsAttachDetachAndCallAtOnce) {
    std::atomic<std::uint64_t> told{0};
    {
        const auto always = must(attach("*", [&](const Event&) { ++told; }));
        std::vector<std::jthread> threads;
        for (int i = 0; i < 3; ++i)
            threads.emplace_back([&] {
                for (int round = 0; round < 2'000; ++round) (void)logins.check("alice");
            });
        for (int i = 0; i < 2; ++i)
            threads.emplace_back([&] {
                for (int round = 0; round < 300; ++round) {
                    auto own = std::make_unique<int>(0);
                    const auto kept = must(attach("*", [&own](const Event&) { EXPECT_NE(own, nullptr); }));
                }
            });
    }
    EXPECT_EQ(told, 6'000U);
}

// Fails, in some round or other, if a handler is not told from its attaching on because another thread attaches or detaches one meanwhile.
TEST_F(HandlersTest, AHandlerIsToldWhileOthersComeAndGo) {
    const auto come_and_go = [&] {
        int deaf = 0;
        for (int round = 0; round < 200'000; ++round) {
            bool told = false;
            const auto caller = std::this_thread::get_id();
            const auto kept = must(attach("seki.rate_limit.deny", [&, caller](const Event&) {
                if (std::this_thread::get_id() == caller) told = true;
            }));
            (void)logins.check("alice");
            if (!told) ++deaf;
        }
        EXPECT_EQ(deaf, 0);
    };
    (void)logins.check("alice");  // denied from now on
    const std::jthread other{come_and_go};
    come_and_go();
}

// Fails if a trace is not told, or outlives its scope.
TEST_F(HandlersTest, TheTraceOfTheThreadIsTold) {
    std::vector<std::optional<TraceContext>> traces;
    const auto kept = must(attach("*", [&](const Event& event) { traces.push_back(event.trace); }));
    const auto expected = must(telemetry::parse_traceparent(parent));
    {
        const telemetry::TraceScope scope{parent};
        (void)logins.check("alice");
        {
            const telemetry::TraceScope none{std::nullopt};
            (void)logins.check("alice");
        }
        (void)logins.check("alice");
        std::jthread{[&] { (void)logins.check("alice"); }};
    }
    (void)logins.check("alice");
    EXPECT_THAT(traces, ElementsAre(expected, std::nullopt, expected, std::nullopt, std::nullopt));
}

// Fails if an id is read with its bytes in another order.
TEST(TraceParent, IsReadAsItIsWritten) {
    const auto context = must(telemetry::parse_traceparent(parent));
    EXPECT_EQ(context.trace_id[0], 0x4b);
    EXPECT_EQ(context.trace_id[15], 0x36);
    EXPECT_EQ(context.span_id[0], 0x00);
    EXPECT_EQ(context.span_id[7], 0xb7);
    EXPECT_EQ(context.flags, 1);
    ASSERT_TRUE(telemetry::set_trace_context(parent));
    EXPECT_EQ(telemetry::trace_context(), context);
    telemetry::clear_trace_context();
    EXPECT_EQ(telemetry::trace_context(), std::nullopt);
}

// Fails if something that the standard forbids is taken, or something wrong changes the context that was there.
TEST(TraceParent, WhatTheStandardForbidsIsAnErrorAndChangesNothing) {
    ASSERT_TRUE(telemetry::set_trace_context(parent));
    const auto before = telemetry::trace_context();
    const std::string good{parent};
    std::vector<std::string> wrong{"",
                                   "00",
                                   good.substr(0, 54),
                                   good + "-00",
                                   good + "0",
                                   "ff" + good.substr(2),
                                   "0g" + good.substr(2),
                                   "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                   "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                   "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                   "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
                                   "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                   "01" + good.substr(2) + "x",
                                   " " + good,
                                   std::string(10'000, '0')};
    for (std::size_t i = 0; i < good.size(); ++i) {
        wrong.push_back(good);
        wrong.back()[i] = '\0';
    }
    for (const std::string& each : wrong) {
        const auto set = telemetry::set_trace_context(each);
        ASSERT_FALSE(set) << each;
        EXPECT_EQ(set.error().code, Errc::invalid_argument);
        EXPECT_EQ(telemetry::trace_context(), before);
        const telemetry::TraceScope scope{each};
        EXPECT_EQ(telemetry::trace_context(), before);
    }
    telemetry::clear_trace_context();
}

// Fails if a later version of the standard is refused that begins as this one.
TEST(TraceParent, LaterVersionsAreReadAsFarAsTheyAreKnown) {
    const std::string later = "cc" + std::string{parent.substr(2)};
    EXPECT_TRUE(telemetry::parse_traceparent(later));
    EXPECT_TRUE(telemetry::parse_traceparent(later + "-what-comes-next"));
    EXPECT_FALSE(telemetry::parse_traceparent(later + ".what-comes-next"));
}

}  // namespace
}  // namespace seki::test
