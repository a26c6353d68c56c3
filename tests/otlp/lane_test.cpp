// A lane: one request at a time, again and again until it is taken, refused or given up.
#include "otlp/lane.hpp"

#include <gtest/gtest.h>

namespace seki::otlp {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t longest = ~0ULL;  // of all random numbers: no jitter takes anything off

lane configured(std::chrono::nanoseconds retry_for = 1h) {
    lane made;
    made.configure({.base_delay = 100ms, .max_delay = 400ms, .retry_for = retry_for});
    return made;
}

lane::ending fail(lane& at, std::uint64_t now, std::uint64_t retry_after = 0, std::uint64_t random = longest) {
    (void)at.send();
    return at.end({.verdict = verdict::again}, retry_after, now, random);
}

// Fails when one waits that could go, or goes twice.
TEST(Lane, WhatIsPutGoesAtOnceAndOnce) {
    lane one = configured();
    EXPECT_EQ(one.due(), std::nullopt);
    EXPECT_EQ(one.put({.items = 7}, 5), 0U);
    EXPECT_EQ(one.due(), 0U);
    EXPECT_EQ(one.send().items, 7U);
    EXPECT_TRUE(one.is_under_way());
    EXPECT_EQ(one.due(), std::nullopt);
    const auto end = one.end({.verdict = verdict::taken}, 0, 9, longest);
    EXPECT_EQ(end.sent, 7U);
    EXPECT_EQ(end.failed + end.dropped, 0U);
    EXPECT_TRUE(one.is_empty());
}

// Fails when delays do not double, have another end than max_delay, or are not spread over their upper half.
TEST(Lane, DelaysDoubleWithJitterUpToTheLongest) {
    lane one = configured();
    one.put({.items = 1}, 0);
    std::uint64_t now = 0;
    for (const std::uint64_t delay : {100 * ms, 200 * ms, 400 * ms, 400 * ms}) {
        EXPECT_TRUE(fail(one, now).again);
        EXPECT_EQ(one.due(), now + delay);
        now += delay;
    }
    EXPECT_TRUE(fail(one, now, 0, 0).again);
    EXPECT_EQ(one.due(), now + 200 * ms);
}

// Fails when a collector that says when to come again is asked earlier, or one that says "at once" is asked without any delay.
TEST(Lane, TheLongerOfTheCollectorsWishAndOurDelayIsWaited) {
    lane one = configured();
    one.put({.items = 1}, 0);
    fail(one, 0, 5'000 * ms);
    EXPECT_EQ(one.due(), 5'000 * ms);
    fail(one, 5'000 * ms, 1);
    EXPECT_EQ(one.due(), 5'200 * ms);
}

// Fails when newer numbers go earlier than the collector is to be asked again, or what they replace is not answered.
TEST(Lane, WhatTakesThePlaceOfOneThatWaitsTakesItsTurnToo) {
    lane one = configured();
    one.put({.items = 3}, 0);
    fail(one, 0);
    EXPECT_EQ(one.put({.items = 4}, 50 * ms), 3U);
    EXPECT_EQ(one.due(), 100 * ms);
    fail(one, 100 * ms);
    EXPECT_EQ(one.due(), 300 * ms);
}

// Fails when a batch is kept for longer than retry_for, or not for so long.
TEST(Lane, OneThatWouldHaveToWaitForLongerThanItMayIsDropped) {
    lane one = configured(250ms);
    one.put({.items = 3}, 1'000 * ms);
    EXPECT_TRUE(fail(one, 1'000 * ms).again);
    const auto end = fail(one, 1'100 * ms);
    EXPECT_EQ(end.dropped, 3U);
    EXPECT_FALSE(end.again);
    EXPECT_TRUE(one.is_empty());
    one.put({.items = 1}, 1'100 * ms);  // and the next waits all the same
    EXPECT_EQ(one.due(), 1'300 * ms);
}

// Fails when retry_for = "0s" sends anything twice.
TEST(Lane, WithoutPatienceNothingIsSentTwice) {
    lane one = configured(0s);
    one.put({.items = 3}, 0);
    EXPECT_EQ(fail(one, 0).dropped, 3U);
}

// Fails when what is refused is kept, or a good answer does not end the delays.
TEST(Lane, AnAnswerEndsTheDelays) {
    lane one = configured();
    one.put({.items = 3}, 0);
    fail(one, 0);
    (void)one.send();
    EXPECT_EQ(one.end({.verdict = verdict::refused}, 0, 0, longest).failed, 3U);
    one.put({.items = 1}, 0);
    EXPECT_EQ(one.due(), 0U);
    fail(one, 0);
    EXPECT_EQ(one.due(), 100 * ms);
}

// Fails when a collector that claims to have rejected more than it got makes a number go below zero.
TEST(Lane, NoMoreIsRejectedThanWasSent) {
    lane one = configured();
    one.put({.items = 3}, 0);
    (void)one.send();
    const auto end = one.end({.verdict = verdict::taken, .rejected = ~0ULL}, 0, 0, longest);
    EXPECT_EQ(end.failed, 3U);
    EXPECT_EQ(end.sent, 0U);
}

// Fails when a new collector has to wait for what the old one did.
TEST(Lane, AHurryEndsTheWaiting) {
    lane one = configured();
    one.put({.items = 3}, 0);
    fail(one, 0);
    one.hurry(7);
    EXPECT_EQ(one.due(), 7U);
    EXPECT_EQ(one.drop(), 3U);
    EXPECT_TRUE(one.is_empty());
}

}  // namespace
}  // namespace seki::otlp
