// Waiting for a turn. Nothing here depends on how long anything takes: windows are so long, or so short, that only one outcome is possible.
#include <functional>
#include <thread>
#include <vector>

#include "client_fixture.hpp"
#include "primitives/clock.hpp"
#include "primitives/limiter_terms.hpp"
#include "shm/segment.hpp"

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
        EXPECT_LE(counts[layout::count_deny], 8U);
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

// Somebody who waits for an hour, and what happens meanwhile. A hang is what the limit of the test is for.
class AcquireMeanwhile : public ClientTest, public testing::WithParamInterface<Algorithm> {
protected:
    static LimiterOptions one_an_hour() { return {.algorithm = GetParam(), .limit = 1, .window = 1h, .max_keys = 64}; }
    [[nodiscard]] static bool queues() { return GetParam() == Algorithm::leaky_bucket; }

    // The answer to an acquire that finds its key spent, and in whose middle `happening` happens.
    [[nodiscard]] Decision acquired_while(const std::function<void(const Segment&, const Limiter&)>& happening) const {
        const Segment segment = opened();
        LimiterOptions options = one_an_hour();
        options.burst = queues() ? 2 : 0;  // the second waits for its turn
        const Limiter limiter = must(segment.limiter("it", options));
        EXPECT_TRUE(limiter.check("alice").allowed);
        Decision answer;
        std::jthread waiting{[&] { answer = limiter.acquire("alice", 3h); }};
        while (counted(segment, "it")[layout::count_deny] + counted(segment, "it")[layout::count_allow] < 2)
            std::this_thread::yield();
        happening(segment, limiter);
        waiting.join();
        return answer;
    }
};
INSTANTIATE_TEST_SUITE_P(, AcquireMeanwhile, testing::ValuesIn(every_algorithm),
                         [](const auto& each) { return std::string{primitives::to_string(each.param)}; });

// Who queues has its turn, and its time was told to others: no higher limit brings it forward.
class AcquireMeanwhileUnqueued : public AcquireMeanwhile {};
INSTANTIATE_TEST_SUITE_P(, AcquireMeanwhileUnqueued,
                         testing::Values(Algorithm::gcra, Algorithm::token_bucket, Algorithm::sliding_window,
                                         Algorithm::fixed_window),
                         [](const auto& each) { return std::string{primitives::to_string(each.param)}; });

// Each of these fails if a sleeper does not see in time what ends its waiting.

TEST_P(AcquireMeanwhile, AResetOfTheKeyWakes) {
    EXPECT_TRUE(
        acquired_while([](const Segment&, const Limiter& it) { ASSERT_EQ(it.reset("alice"), Errc::none); }).allowed);
}

TEST_P(AcquireMeanwhile, ARefundWakes) {
    EXPECT_TRUE(acquired_while([](const Segment&, const Limiter& it) {
                    ASSERT_EQ(it.refund("alice", queues() ? 2 : 1), Errc::none);
                }).allowed);
}

TEST_P(AcquireMeanwhileUnqueued, AHigherLimitWakes) {
    EXPECT_TRUE(acquired_while([](const Segment& segment, const Limiter&) {
                    LimiterOptions options = one_an_hour();
                    if (primitives::is_bucket(GetParam()))
                        options.burst = 2;
                    else
                        options.limit = 2;
                    ASSERT_TRUE(segment.change("it", options));
                }).allowed);
}

TEST_P(AcquireMeanwhile, SwitchingTheLimiterOffWakes) {
    EXPECT_TRUE(acquired_while([](const Segment& segment, const Limiter&) {
                    LimiterOptions options = one_an_hour();
                    options.burst = queues() ? 2 : 0;
                    options.mode = Mode::off;
                    ASSERT_TRUE(segment.change("it", options));
                }).allowed);
}

TEST_P(AcquireMeanwhile, TheEndOfTheLimiterWakes) {
    EXPECT_EQ(
        acquired_while([](const Segment& segment, const Limiter&) { ASSERT_TRUE(segment.remove_limiter("it")); }).error,
        Errc::deleted);
}

TEST_P(AcquireMeanwhile, TheEndOfTheSegmentWakes) {
    EXPECT_EQ(
        acquired_while([this](const Segment&, const Limiter&) { ASSERT_TRUE(shm::segment::destroy(path())); }).error,
        Errc::superseded);
}

// Fails if who waits for room in a full table asks without a pause, or counts each question as a denial.
TEST_P(AcquireMeanwhile, AFullTableIsOneDenial) {
    const Segment segment = opened();
    // Room after microseconds, it says of a bucket; and of the windows, whose keys go when one ends, after milliseconds.
    const bool bucket = primitives::is_bucket(GetParam());
    const Limiter limiter = must(segment.limiter("it", {.algorithm = GetParam(),
                                                        .limit = 10'000'000,
                                                        .window = bucket ? nanoseconds{20s} : nanoseconds{24h},
                                                        .max_keys = 1,
                                                        .on_full = OnFull::deny}));
    // Until one finds both of its buckets full; another key's need not be.
    int number = 0;
    while (limiter.check(std::to_string(number), 10'000'000).allowed) ++number;
    const auto before = counted(segment, "it");
    EXPECT_FALSE(limiter.acquire(std::to_string(number), 50ms).allowed);
    const auto after = counted(segment, "it");
    EXPECT_EQ(after[layout::count_deny], before[layout::count_deny] + 1);
    EXPECT_EQ(after[layout::count_full], before[layout::count_full] + 1);
}

}  // namespace
}  // namespace seki::test
