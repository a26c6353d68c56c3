// Rates from two looks, and what is remembered of them.
#include "top/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "snapshots.hpp"

namespace seki::ctl::top {
namespace {

using namespace std::chrono_literals;
using ::testing::SizeIs;

report::snapshot with(report::limiter_facts limiter) {
    report::snapshot all{};
    all.limiters.push_back(std::move(limiter));
    return all;
}

// Fails when a rate is another than the difference by the time that it took.
TEST(History, ARateIsTheDifferenceOfTwoLooks) {
    history past;
    past.add(with(limiter("login", 100, 7)), 10s);
    EXPECT_FALSE(past.records().at(0).pace);
    past.add(with(limiter("login", 150, 17)), 12s);
    ASSERT_TRUE(past.records().at(0).pace);
    EXPECT_DOUBLE_EQ(past.records()[0].pace->calls, 30);
    EXPECT_DOUBLE_EQ(past.records()[0].pace->refused, 5);
    past.add(with(limiter("login", 151, 17)), 12s + 500ms);
    EXPECT_DOUBLE_EQ(past.records()[0].pace->calls, 2);
    EXPECT_THAT(past.records()[0].past, SizeIs(2));
}

// Fails when one that was deleted and made anew, or another segment, shows a jump that never was.
TEST(History, AnotherPrimitiveOfTheSameNameBeginsAnew) {
    history past;
    past.add(with(limiter("login", 1000, 0)), 1s);
    past.add(with(limiter("login", 2000, 0)), 2s);
    past.add(with(limiter("login", 5000, 0, 9)), 3s);
    EXPECT_FALSE(past.records().at(0).pace);
    past.add(with(limiter("login", 5000, 0, 9)), 4s);
    EXPECT_THAT(past.records().at(0).past, SizeIs(1));

    auto other = with(limiter("login", 9000, 0, 9));
    other.segment.created += 1s;
    past.add(other, 5s);
    EXPECT_FALSE(past.records().at(0).pace);
}

// Fails when a scribbled counter, or a clock that stood still, makes a rate below zero or without end.
TEST(History, WhatCannotBeIsNoRate) {
    history past;
    past.add(with(limiter("login", 1000, 50)), 1s);
    past.add(with(limiter("login", 10, 5)), 2s);
    EXPECT_EQ(past.records().at(0).pace->calls, 0);
    past.add(with(limiter("login", 20, 5)), 2s);
    EXPECT_EQ(past.records().at(0).pace->calls, 0);
}

// Fails when memory grows for as long as somebody watches.
TEST(History, IsAMinuteLong) {
    history past;
    for (std::uint64_t second = 1; second < 200; ++second)
        past.add(with(limiter("login", second * second, 0)), std::chrono::seconds{second});
    EXPECT_THAT(past.records().at(0).past, SizeIs(history::longest));
    EXPECT_DOUBLE_EQ(past.records()[0].past.back().calls, 199.0 * 199 - 198.0 * 198);
    EXPECT_EQ(past.looks(), 199U);
    past.add({}, 200s);
    EXPECT_THAT(past.records(), SizeIs(0));
}

// Fails when a state that should be looked at does not look so, or a reading is that of another kind.
TEST(Readings, SayWhatShouldBeLookedAt) {
    report::snapshot all{};
    all.breakers = {breaker("a", BreakerState::closed), breaker("b", BreakerState::open),
                    breaker("c", BreakerState::half_open), breaker("d", BreakerState::forced_open)};
    all.bulkheads = {bulkhead("e", 1, 2), bulkhead("f", 2, 2), bulkhead("g", 2, 2)};
    all.bulkheads[2].status.waiting = 3;
    all.shedders.resize(1);
    all.shedders[0].status = {.max_in_flight = 9, .dropping = true, .admitted = {1, 2, 3, 4}, .shed = {0, 0, 5, 6}};
    all.retries.resize(1);
    const auto list = read(all);
    ASSERT_THAT(list, SizeIs(9));
    EXPECT_EQ(list[0].mood, look::good);
    EXPECT_EQ(list[0].filled->said, "25%");
    EXPECT_EQ(list[1].mood, look::alarm);
    EXPECT_EQ(list[2].mood, look::warning);
    EXPECT_EQ(list[3].state, "forced_open");
    EXPECT_EQ(list[4].state, "free");
    EXPECT_EQ(list[5].state, "full");
    EXPECT_EQ(list[6].state, "3 wait");
    EXPECT_EQ(list[7].state, "sheds");
    EXPECT_EQ(list[7].let_in, 10U);
    EXPECT_EQ(list[7].refused, 11U);
    EXPECT_EQ(list[8].state, "spent");
}

// Fails when calls that are let through in shadow count as refused, or a name keeps what a terminal obeys.
TEST(Readings, ALimiterInShadowRefusesNobody) {
    auto shadow = limiter("\x1b[31m", 10, 1);
    shadow.counters.shadow_deny = 5;
    shadow.options.mode = Mode::shadow;
    const auto list = read(with(shadow));
    EXPECT_EQ(list.at(0).let_in, 15U);
    EXPECT_EQ(list[0].refused, 1U);
    EXPECT_EQ(list[0].state, "shadow");
    EXPECT_EQ(list[0].name, "\\x1b[31m");
}

}  // namespace
}  // namespace seki::ctl::top
