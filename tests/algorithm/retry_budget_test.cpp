// The law of the retry budget, over long random lives, against an account of them that is kept apart.
#include "algorithm/retry_budget.hpp"

#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <vector>

#include "algorithm/dice.hpp"

namespace seki::tests {
namespace {

namespace law = algorithm::retry_budget;
using exact = boost::multiprecision::cpp_int;

// What a host does: the law, as whoever retries applies it.
struct host {
    law::terms by;
    law::position at;
    std::uint64_t now_ms = 0;
    std::uint64_t calls = 0;
    std::uint64_t windows = 0;

    bool retry() {
        if (!law::runs(at, now_ms)) {
            at = law::begin(by, at, now_ms, calls);
            ++windows;
        }
        if (at.left == 0) return false;
        --at.left;
        return true;
    }
};

host random_host(dice& roll) {
    const std::uint64_t start = roll.magnitude(1, 1ULL << 39);
    return {.by = {.ratio = roll.one_in(8) ? 0 : roll.magnitude(1, law::max_ratio), .min_per_second = roll.below(20)},
            .at = {.start_ms = start},
            .now_ms = start};
}

// Fails if a call backs more than its share of retries, or is counted twice; or a window gives more than its own.
TEST(RetryBudget, NeverMoreThanTheShareOfAllCallsAndTheMinimumOfEachWindow) {
    dice roll{1};
    for (int life = 0; life < 300; ++life) {
        host it = random_host(roll);
        std::uint64_t granted = 0;
        for (int i = 0; i < 2000; ++i) {
            it.calls += roll.below(50);
            it.now_ms += roll.one_in(50) ? roll.below(100'000) : roll.below(60);
            granted += it.retry() ? 1U : 0U;
            ASSERT_LE(exact{granted} * law::whole,
                      exact{it.by.ratio} * it.calls + exact{it.by.min_per_second} * it.windows * law::whole);
        }
        ASSERT_LE(it.windows, 1 + it.now_ms / law::window_ms);
    }
}

// Fails if a storm that lasts, where every call fails and wants to be made again, gets less than what it may have.
TEST(RetryBudget, InASteadyStormAllThatIsAllowedIsGiven) {
    for (const std::uint64_t ratio : {0U, 100U, 200U, 900U}) {
        host it{.by = {.ratio = ratio, .min_per_second = 10}, .at = {.start_ms = 5'000}, .now_ms = 5'000};
        constexpr std::uint64_t seconds = 100, calls_a_second = 1000;
        std::uint64_t granted = 0;
        for (std::uint64_t i = 0; i < seconds * calls_a_second; ++i) {
            ++it.calls;
            it.now_ms = 5'000 + i * 1000 / calls_a_second;
            granted += it.retry() ? 1U : 0U;
        }
        // The calls of the last second back the retries of the next.
        EXPECT_EQ(granted, (seconds - 1) * (calls_a_second * ratio / law::whole + 10)) << ratio;
    }
}

// Fails if the average of a time without retries is not what its calls come to in a second.
TEST(RetryBudget, AfterATimeWithoutRetriesTheAverageSecondCounts) {
    const law::terms by{.ratio = 200, .min_per_second = 10};
    EXPECT_EQ(law::begin(by, {.start_ms = 0, .calls = 0}, 10'000, 5'000).left, 110U);  // 500 calls a second
    EXPECT_EQ(law::begin(by, {.start_ms = 9'000, .calls = 0}, 10'000, 5'000).left, 1'010U);
    EXPECT_EQ(law::begin(by, {.start_ms = 9'999, .calls = 0}, 10'000, 5'000).left, 1'010U) << "no second is shorter";
    EXPECT_EQ(law::begin(by, {.start_ms = 0, .calls = 0}, 10'000, 49).left, 10U) << "rounded down";
}

// Fails if what nobody could have written there gives many retries, or none for ever.
TEST(RetryBudget, ScribblesGiveNoMoreThanAWindowHoldsAndEndWithIt) {
    dice roll{2};
    for (int i = 0; i < 200'000; ++i) {
        const law::terms by{.ratio = roll.magnitude(0, ~0ULL), .min_per_second = roll.magnitude(0, ~0ULL)};
        const law::position found{.start_ms = roll.magnitude(0, ~0ULL),
                                  .left = roll.below(law::max_left + 1),
                                  .calls = roll.magnitude(0, ~0ULL)};
        const std::uint64_t now = roll.magnitude(0, 1ULL << 40), calls = roll.magnitude(0, 1ULL << 50);
        ASSERT_FALSE(law::runs(found, now) && found.start_ms > now);
        ASSERT_FALSE(law::runs(found, found.start_ms + law::window_ms));
        const law::position next = law::begin(by, found, now, calls);
        ASSERT_TRUE(law::runs(next, now));
        ASSERT_LE(next.left, law::max_left);
        if (found.calls > calls) {
            ASSERT_LE(next.left, law::max_per_second);
        }
    }
}

static_assert(law::allowance({200, 10}, 1000, 1000) == 210 && law::allowance({200, 10}, 0, 0) == 10);
static_assert(law::allowance({~0ULL, ~0ULL}, ~0ULL, 0) == law::max_left);
static_assert(!law::runs({}, law::window_ms), "all zeros is a window that is over");

}  // namespace
}  // namespace seki::tests
