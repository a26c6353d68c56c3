// Pictures of numbers.
#include "top/graph.hpp"

#include <deque>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace seki::ctl::top {
namespace {

using ::testing::ElementsAre;

std::vector<double> calls_of(const std::vector<rate>& some) {
    std::vector<double> calls;
    for (const rate& each : some) calls.push_back(each.calls);
    return calls;
}

// Fails when a height is another, a little is not seen, or nothing is.
TEST(Sparkline, IsAsHighAsTheNumbersAreOfThePeak) {
    EXPECT_EQ(sparkline({0, 1, 50, 100}, 100, charset::unicode), " ▁▄█");
    EXPECT_EQ(sparkline({0, 1, 50, 100}, 100, charset::ascii), " .=@");
    EXPECT_EQ(sparkline({200, -1, std::numeric_limits<double>::quiet_NaN()}, 100, charset::ascii), "@  ");
    EXPECT_EQ(sparkline({1, 2}, 0, charset::ascii), "  ");
}

// Fails when a peak is lost, when looks are left out, or when there is a column too many.
TEST(Sparkline, APastThatIsLongerThanTheScreenKeepsItsPeaks) {
    const std::deque<rate> past{{9, 2}, {1, 0}, {2, 0}, {3, 0}, {5, 1}, {4, 0}};
    EXPECT_THAT(calls_of(squeeze(past, 5, 6)), ElementsAre(9, 1, 2, 3, 5, 4));
    EXPECT_THAT(calls_of(squeeze(past, 5, 3)), ElementsAre(9, 3, 5));
    EXPECT_EQ(squeeze(past, 5, 3).front().refused, 2);
    EXPECT_THAT(calls_of(squeeze(past, 5, 0)), ElementsAre());
    EXPECT_THAT(calls_of(squeeze({}, 5, 3)), ElementsAre());
}

// Fails when what has been seen changes its column while time goes on, which flickers.
TEST(Sparkline, ALookStaysWithThoseItWasShownWith) {
    std::deque<rate> past;
    std::uint64_t last = 0;
    for (; last < 60; ++last) past.push_back({static_cast<double>((last * 7919) % 101), 0});
    auto before = calls_of(squeeze(past, last - 1, 20));
    for (; last < 300; ++last) {
        past.pop_front();
        past.push_back({static_cast<double>((last * 7919) % 101), 0});
        const auto now = calls_of(squeeze(past, last, 20));
        ASSERT_LE(now.size(), 20U);
        // All but the oldest, which loses looks, and the newest, which gains one.
        const auto shift = last % 3 == 0 ? 1U : 0U;
        for (std::size_t back = 1; back < 18; ++back)
            EXPECT_EQ(now[now.size() - 1 - back - shift], before[before.size() - 1 - back]) << last;
        before = now;
    }
}

// Fails when something in use looks like nothing, or one that has room looks full.
TEST(Bar, ShowsTheLeastUseAndIsFullOnlyWhenAllIsUsed) {
    EXPECT_EQ(bar(0, 10, 5, charset::ascii), ".....");
    EXPECT_EQ(bar(1, 1'000'000, 5, charset::ascii), "#....");
    EXPECT_EQ(bar(5, 10, 5, charset::ascii), "##...");
    EXPECT_EQ(bar(999, 1000, 5, charset::ascii), "####.");
    EXPECT_EQ(bar(12, 10, 5, charset::unicode), "█████");
    EXPECT_EQ(bar(3, 0, 3, charset::ascii), "#..");
    EXPECT_EQ(bar(3, 3, 0, charset::ascii), "");
}

// Fails when a number is wider than its column, or says something else.
TEST(PerSecond, HasSixColumnsAtMost) {
    EXPECT_EQ(per_second(0), "0");
    EXPECT_EQ(per_second(0.01), "<0.1");
    EXPECT_EQ(per_second(0.25), "0.2");
    EXPECT_EQ(per_second(9.96), "10");
    EXPECT_EQ(per_second(9999.4), "9999");
    EXPECT_EQ(per_second(9999.6), "10.0k");
    EXPECT_EQ(per_second(999'960), "1.0M");
    EXPECT_EQ(per_second(1.8e19), "huge");
    for (double number = 0.001; number < 1e21; number *= 1.1) EXPECT_LE(per_second(number).size(), 6U) << number;
}

}  // namespace
}  // namespace seki::ctl::top
