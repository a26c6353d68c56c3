// Waiting for a turn. Nothing here depends on how long anything takes: windows are so long, or so short, that only one outcome is possible.
#include <thread>
#include <vector>

#include "client_fixture.hpp"
#include "primitives/clock.hpp"

namespace seki::test {
namespace {

using Acquire = ClientTest;
using std::chrono::nanoseconds;

nanoseconds clock_now() { return nanoseconds{static_cast<std::int64_t>(primitives::read_clock(Clock::precise))}; }

// Fails if a turn is answered before it is there, or two requests get the same one: the n-th leaves n steps after the first at the earliest.
TEST_F(Acquire, ALeakyBucketLetsOneOutInEachStep) {
    const Segment segment = opened();
    const Limiter queue = must(segment.limiter(
        "queue", {.algorithm = Algorithm::leaky_bucket, .limit = 100, .window = 100ms, .burst = 50, .max_keys = 64}));
    const nanoseconds start = clock_now();
    std::vector<nanoseconds> left(20);
    {
        std::vector<std::jthread> threads;
        for (std::size_t t = 0; t < 4; ++t)
            threads.emplace_back([&, t] {
                for (std::size_t i = t; i < left.size(); i += 4) {
                    EXPECT_TRUE(queue.acquire("alice", 1h).allowed);
                    left[i] = clock_now();
                }
            });
    }
    std::ranges::sort(left);
    for (std::size_t n = 0; n < left.size(); ++n) EXPECT_GE(left[n], start + n * 1ms) << n;
    EXPECT_EQ(counted(segment, "queue")[layout::count_allow], 20U);
}

// Fails if it waits in vain before it denies, or takes a turn that it does not wait for.
TEST_F(Acquire, ATurnThatComesTooLateIsDeniedAtOnceAndNotTaken) {
    const Segment segment = opened();
    const Limiter queue = must(segment.limiter(
        "queue", {.algorithm = Algorithm::leaky_bucket, .limit = 24, .window = 24h, .burst = 3, .max_keys = 64}));
    EXPECT_TRUE(queue.acquire("alice", 0ns).allowed);
    for (const nanoseconds timeout : {nanoseconds{-1}, nanoseconds{0}, nanoseconds{1h - 1min}}) {
        const Decision denied = queue.acquire("alice", timeout);
        EXPECT_FALSE(denied.allowed);
        EXPECT_EQ(denied.remaining, 2U);
        EXPECT_GT(denied.delay, 59min);
        EXPECT_GT(denied.retry_after, 0ns);
    }
    EXPECT_EQ(queue.peek("alice", 0).remaining, 2U);
    EXPECT_EQ(counted(segment, "queue")[layout::count_deny], 3U);
}

// Fails if a queue that is full is waited for although the turn behind it comes too late: room after an hour, a turn after three. (It would
// sleep for an hour, and the test would run into its limit.)
TEST_F(Acquire, AFullQueueWhoseTurnComesTooLateIsDeniedAtOnce) {
    const Segment segment = opened();
    const Limiter queue = must(segment.limiter(
        "queue", {.algorithm = Algorithm::leaky_bucket, .limit = 24, .window = 24h, .burst = 3, .max_keys = 64}));
    ASSERT_TRUE(queue.check("alice", 3).allowed);
    EXPECT_FALSE(queue.acquire("alice", 2h).allowed);
    EXPECT_EQ(counted(segment, "queue")[layout::count_deny], 1U);
}

// Fails if a queue that only observes makes somebody wait for a turn that it did not give.
TEST_F(Acquire, AShadowQueueHoldsNobodyUp) {
    const Segment segment = opened();
    const Limiter queue = must(segment.limiter("queue", {.algorithm = Algorithm::leaky_bucket,
                                                         .limit = 24,
                                                         .window = 24h,
                                                         .burst = 3,
                                                         .max_keys = 64,
                                                         .mode = Mode::shadow}));
    ASSERT_TRUE(queue.check("alice").allowed);
    const Decision through = queue.acquire("alice", 1min);
    EXPECT_TRUE(through.allowed);
    EXPECT_TRUE(through.shadow);
}

// Fails if it gives up before the time it was told of, or lets somebody through who was not admitted.
TEST_F(Acquire, TheOthersTryAgainWhenTheyMay) {
    const Segment segment = opened();
    for (const Algorithm algorithm :
         {Algorithm::gcra, Algorithm::token_bucket, Algorithm::sliding_window, Algorithm::fixed_window}) {
        const std::string name = "a" + std::to_string(static_cast<int>(algorithm));
        const Limiter limiter =
            must(segment.limiter(name, {.algorithm = algorithm, .limit = 2, .window = 20ms, .max_keys = 64}));
        for (int i = 0; i < 8; ++i) EXPECT_TRUE(limiter.acquire("alice", 1h).allowed);
        const auto counts = counted(segment, name);
        EXPECT_EQ(counts[layout::count_allow], 8U);
        EXPECT_GT(counts[layout::count_deny], 0U);
    }
}

// Fails if it sleeps for what cannot come in time. (It would sleep for days.)
TEST_F(Acquire, WhatCannotBeInTimeIsDeniedAtOnce) {
    const Segment segment = opened();
    for (const Algorithm algorithm : every_algorithm) {
        const std::string name = "a" + std::to_string(static_cast<int>(algorithm));
        LimiterOptions options = six_a_year(algorithm);
        options.limit = 1;
        const Limiter limiter = must(segment.limiter(name, options));
        if (algorithm == Algorithm::fixed_window) {
            // Its window may end at any moment of the year; the denial is at once or it is not one.
            EXPECT_EQ(limiter.acquire("alice", 1ms, 2).retry_after, never);
            continue;
        }
        ASSERT_TRUE(limiter.check("alice").allowed);
        EXPECT_FALSE(limiter.acquire("alice", 1ms).allowed);
        EXPECT_EQ(limiter.acquire("alice", never, 2).retry_after, never);
        EXPECT_EQ(limiter.acquire("alice", never, -1).error, Errc::invalid_argument);
        EXPECT_EQ(counted(segment, name)[layout::count_deny], 2U);
    }
}

}  // namespace
}  // namespace seki::test
