// What a hedge learns of how long calls take, on a real segment.
#include <chrono>
#include <string>

#include "limiter_fixture.hpp"
#include "primitives/clock.hpp"
#include "primitives/hedge.hpp"
#include "primitives/hedge_status.hpp"
#include "primitives/retry_status.hpp"

namespace seki::test {
namespace {

struct HedgeMeasured : LimiterTest {
    [[nodiscard]] primitives::hedge of(const HedgeOptions& options) const {
        const auto place = primitives::hedges::find_or_make(where(), "it", options);
        if (!place) throw std::runtime_error(place.error().message);
        return {in(), *place};
    }
    // A call of which the first attempt took so long.
    static void call(const primitives::hedge& by, std::chrono::nanoseconds took, bool succeeds = true) {
        detail::hedge_run run;
        ASSERT_EQ(by.begin(run), Errc::none);
        const auto ns = static_cast<std::uint64_t>(took.count());
        run.start_ns -= ns;  // so that it ends now
        by.end(run, {.attempts = 1,
                     .winner = succeeds ? std::optional<std::size_t>{0} : std::nullopt,
                     .first_succeeded = succeeds,
                     .first_ns = ns,
                     .took_ns = ns});
    }
    static std::uint64_t delay(const primitives::hedge& by) {
        detail::hedge_run run;
        EXPECT_EQ(by.begin(run), Errc::none);
        return run.delay_ns;
    }
};

// Fails if the delay does not go by the latencies that were measured, or goes by them though it is fixed.
TEST_F(HedgeMeasured, TheDelayIsThatShareOfTheCalls) {
    for (const double percentile : {0.1, 90.0}) {
        const auto measured = of({.delay = 50ms, .percentile = percentile, .min_delay = 0ns});
        EXPECT_EQ(delay(measured), 50'000'000U) << "nothing was measured yet";
        for (int i = 0; i < 200; ++i) call(measured, 5ms);
        // What is found out is kept for a tenth of a second.
        const std::uint64_t before = primitives::read_clock(Clock::precise);
        while (delay(measured) == 50'000'000U && primitives::read_clock(Clock::precise) < before + 5'000'000'000)
            continue;
        EXPECT_GE(delay(measured), 5'000'000U);
        EXPECT_LT(delay(measured), 6'000'000U);
        EXPECT_EQ(measured.status().measured, 200U);
        ASSERT_TRUE(primitives::hedges::remove(where(), "it"));
    }
    const auto fixed = of({.delay = 50ms, .percentile = 0});
    EXPECT_EQ(fixed.status().measured, 0U) << "what another had measured there";
    EXPECT_EQ(fixed.status().calls, 0U);
    for (int i = 0; i < 200; ++i) call(fixed, 5ms);
    EXPECT_EQ(delay(fixed), 50'000'000U);
}

// Fails if a failure counts as a latency though it came sooner than the delay, or not though it took as long.
TEST_F(HedgeMeasured, AFailureSaysOnlyThatItTookLonger) {
    const auto it = of({.delay = 50ms, .percentile = 0});
    call(it, 50ms - 1ns, false);
    EXPECT_EQ(it.status().measured, 0U);
    call(it, 50ms, false);
    EXPECT_EQ(it.status().measured, 1U);
    EXPECT_EQ(it.status().failed, 2U);
}

// Fails if a call counts for the time when it began, or earlier: of one that took long it would be too late already.
TEST_F(HedgeMeasured, ACallCountsWhenItEnds) {
    const auto it = of({.delay = 50ms, .percentile = 0});
    call(it, 1h);
    EXPECT_EQ(it.status().measured, 1U);
}

// Fails if one that was deleted in the middle of a call takes more attempts from its budget.
TEST_F(HedgeMeasured, ADeletedOneAddsNone) {
    const auto it = of({.min_per_second = 20});
    EXPECT_TRUE(it.may_add());
    ASSERT_TRUE(primitives::hedges::remove(where(), "it"));
    EXPECT_FALSE(it.may_add());
}

// Fails if one in a segment of which nothing is left but the header is asked for more all the same.
TEST_F(HedgeMeasured, OneWhoseMemoryIsGoneAddsNone) {
    const auto it = of({.min_per_second = 20});
    shm::hardware::store_release(where().header().id.superseded, 1);
    EXPECT_TRUE(it.may_add());
    shm::hardware::store_release(where().header().id.superseded, layout::emptied);
    EXPECT_FALSE(it.may_add());
}

// Fails if a new one goes on with what another had left of its budget, or is said to run for another time than it does.
TEST_F(HedgeMeasured, ANewOneBeginsWithAWholeBudget) {
    std::uint64_t left = 0;
    {
        const auto first = of({.ratio = 0, .min_per_second = 20});
        left = first.status().budget_left;
        for (std::uint64_t i = 0; i < left; ++i) EXPECT_TRUE(first.may_add());
        EXPECT_LT(first.status().budget_left, left);
    }
    ASSERT_TRUE(primitives::hedges::remove(where(), "it"));
    const std::uint64_t before = primitives::clock_ms();
    const auto next = of({.ratio = 0, .min_per_second = 20});
    const std::uint64_t made = primitives::clock_ms();
    EXPECT_EQ(next.status().budget_left, left);
    while (primitives::clock_ms() < made + 3) continue;
    const std::uint64_t asked = primitives::clock_ms();
    const auto age = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(next.status().budget_window).count());
    EXPECT_GE(age, asked - made);
    EXPECT_LE(age, primitives::clock_ms() - before);
}

// Fails if the window of a budget that begins in a time to come, as who has a clock that lags may find, has an age.
TEST_F(HedgeMeasured, AWindowOfATimeToComeHasNoAge) {
    const auto later = [] { return primitives::clock_ms() + 60'000; };
    const auto hedge = of({.delay = 50ms, .percentile = 0});
    shm::hedge_budget_of(where(), hedge.place()).set_right(later(), 0);
    EXPECT_EQ(hedge.status().budget_window, 0ms);
    const auto retry = primitives::retries::find_or_make(where(), "retry", {});
    ASSERT_TRUE(retry) << retry.error().message;
    shm::budget_of(where(), *retry).set_right(later(), 0);
    EXPECT_EQ(primitives::retry_status_of(where(), *retry).budget_window, 0ms);
}

}  // namespace
}  // namespace seki::test
