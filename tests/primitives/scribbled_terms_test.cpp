// What is made of terms that nobody wrote: of all zeros the least of everything, of all ones the most, and of one beyond an end that end.
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "primitives/adaptive_terms.hpp"
#include "primitives/breaker_terms.hpp"
#include "primitives/bulkhead_terms.hpp"
#include "primitives/hedge_terms.hpp"
#include "primitives/limiter_terms.hpp"
#include "primitives/retry_terms.hpp"
#include "primitives/shedder_terms.hpp"

namespace seki::primitives {
namespace {

using namespace std::chrono_literals;

template <class Values>
Values all(std::uint64_t value) {
    Values values{};
    values.fill(value);
    return values;
}
constexpr std::uint64_t ones = ~0ULL;
constexpr shm::bulkhead_shape room{.permits = 2'048, .waiting = 1'024}, nothing{.permits = 0, .waiting = 0};

std::uint64_t ns(std::chrono::nanoseconds span) { return static_cast<std::uint64_t>(span.count()); }

// Fails if a bound of an adaptive limit's terms is another, or one of them is not bounded.
TEST(ScribbledTerms, OfAnAdaptiveLimit) {
    adaptive_law::terms least{.law = adaptive_law::law{0},
                              .min_limit = 1,
                              .max_limit = 1,
                              .initial_limit = 1,
                              .backoff_ratio = 0,
                              .tolerance = 0,
                              .smoothing = 0,
                              .window = 1,
                              .timeout = 0,
                              .probe_interval = 0};
    EXPECT_EQ(unpack_adaptive_law(all<shm::wide_terms>(0), room), least);
    EXPECT_EQ(unpack_adaptive_law(all<shm::wide_terms>(0), nothing), least);
    adaptive_law::terms most{.law = adaptive_law::law{2},
                             .min_limit = 2'048,
                             .max_limit = 2'048,
                             .initial_limit = 2'048,
                             .backoff_ratio = 0xffff,
                             .tolerance = 0xffff,
                             .smoothing = 0xffff,
                             .window = 10'000,
                             .timeout = (1ULL << 40) - 1,
                             .probe_interval = ns(24h)};
    EXPECT_EQ(unpack_adaptive_law(all<shm::wide_terms>(ones), room), most);
    most.min_limit = most.max_limit = most.initial_limit = 1;
    EXPECT_EQ(unpack_adaptive_law(all<shm::wide_terms>(ones), nothing), most);
    auto values = all<shm::wide_terms>(0);
    values[layout::adaptive_percents] = 0xab01'1234'5678'9abc;
    const adaptive_law::terms parts = unpack_adaptive_law(values, room);
    EXPECT_EQ(parts.law, adaptive_law::law{1});
    EXPECT_EQ(parts.backoff_ratio, 0x1234U);
    EXPECT_EQ(parts.tolerance, 0x5678U);
    EXPECT_EQ(parts.smoothing, 0x9abcU);
    EXPECT_EQ(percent_of(-1.0), 0U);
    EXPECT_EQ(percent_of(1e9), 65'535U);
    EXPECT_EQ(percent_of(0.996), 100U);
}

// Fails if a bound of a breaker's terms is another, or one of them is not bounded.
TEST(ScribbledTerms, OfABreaker) {
    breaker_law::terms least{.window = 1,
                             .minimum_calls = 1,
                             .failure_threshold = 1,
                             .slow_call_threshold = 1,
                             .slow_call_duration = 1'000'000,
                             .wait_duration = 1'000'000,
                             .wait_multiplier = 100,
                             .wait_duration_max = 1'000'000,
                             .half_open_requests = 1,
                             .max_half_open_duration = 1'000'000};
    EXPECT_EQ(unpack_breaker(all<shm::wide_terms>(0)), (breaker_terms{least, BreakerMode::automatic}));
    const std::uint64_t longest = ns(366 * 24h);
    breaker_law::terms most{.window = 65'536,
                            .minimum_calls = 65'536,
                            .failure_threshold = 100,
                            .slow_call_threshold = 100,
                            .slow_call_duration = longest,
                            .wait_duration = longest,
                            .wait_multiplier = 10'000,
                            .wait_duration_max = longest,
                            .half_open_requests = 1'024,
                            .max_half_open_duration = longest};
    EXPECT_EQ(unpack_breaker(all<shm::wide_terms>(ones)), (breaker_terms{most, BreakerMode::observe}));
    auto values = all<shm::wide_terms>(0);
    values[layout::breaker_window_type] = 1;
    EXPECT_EQ(unpack_breaker(values).law.window, ns(1s));
    values[layout::breaker_window] = ones;
    EXPECT_EQ(unpack_breaker(values).law.window, ns(24h));
    EXPECT_EQ(compile({.wait_multiplier = std::numeric_limits<double>::quiet_NaN()}).law.wait_multiplier, 100U);
    EXPECT_EQ(compile({.wait_multiplier = 1.004}).law.wait_multiplier, 100U);
    EXPECT_EQ(compile({.wait_multiplier = 1.006}).law.wait_multiplier, 101U);
    EXPECT_EQ(compile({.wait_duration = -1ns}).law.wait_duration, ns(1ms));
}

// Fails if outcomes that were counted for the one are taken for the other's, or forgotten though they are good for both.
TEST(ScribbledTerms, WhichBreakersCountAlike) {
    using type = breaker_law::window_type;
    const breaker_law::terms five{.window_type = type::count, .window = 5},
        six{.window_type = type::count, .window = 6};
    const breaker_law::terms brief{.window_type = type::time, .window = 5},
        longer{.window_type = type::time, .window = 6};
    EXPECT_FALSE(counts_otherwise(five, five));
    EXPECT_FALSE(counts_otherwise(five, six));
    EXPECT_FALSE(counts_otherwise(brief, brief));
    EXPECT_TRUE(counts_otherwise(brief, longer));
    EXPECT_TRUE(counts_otherwise(five, brief));
    EXPECT_TRUE(counts_otherwise(brief, five));
    EXPECT_TRUE(counts_otherwise(five, longer));
    for (const auto mode :
         {BreakerMode::automatic, BreakerMode::forced_open, BreakerMode::forced_closed, BreakerMode::observe}) {
        const breaker_terms one{.mode = mode};
        EXPECT_EQ(unpack_breaker(pack(one)).mode, mode);
    }
}

// Fails if a bound of a retry's or a hedge's terms is another, or one of them is not bounded.
TEST(ScribbledTerms, OfARetryAndAHedge) {
    const retry_terms least = unpack_retry(all<shm::terms>(0)), most = unpack_retry(all<shm::terms>(ones));
    EXPECT_EQ(least.max_attempts, 1U);
    EXPECT_EQ(least.backoff.growth, algorithm::backoff::growth{0});
    EXPECT_EQ(least.backoff.jitter, algorithm::backoff::jitter{0});
    EXPECT_EQ(least.backoff.base, 0U);
    EXPECT_EQ(least.backoff.max, 0U);
    EXPECT_EQ(least.budget.ratio, 0U);
    EXPECT_EQ(least.budget.min_per_second, 0U);
    EXPECT_EQ(most.max_attempts, 100U);
    EXPECT_EQ(most.backoff.growth, algorithm::backoff::growth{2});
    EXPECT_EQ(most.backoff.jitter, algorithm::backoff::jitter{3});
    EXPECT_EQ(most.backoff.base, ns(24h));
    EXPECT_EQ(most.backoff.max, ns(24h));
    EXPECT_EQ(most.budget.ratio, 100'000U);
    EXPECT_EQ(most.budget.min_per_second, 1'000'000U);
    auto values = all<shm::terms>(0);
    values[layout::retry_modes] = 0xab0201;
    values[layout::retry_base_delay] = 8;
    values[layout::retry_max_delay] = 7;
    const retry_terms some = unpack_retry(values);
    EXPECT_EQ(some.backoff.growth, algorithm::backoff::growth{1});
    EXPECT_EQ(some.backoff.jitter, algorithm::backoff::jitter{2});
    EXPECT_EQ(some.backoff.base, 7U);
    EXPECT_EQ(thousandths(std::numeric_limits<double>::quiet_NaN()), 0U);
    EXPECT_EQ(thousandths(-1), 0U);
    EXPECT_EQ(thousandths(0), 0U);
    EXPECT_EQ(thousandths(0.001), 1U);
    EXPECT_EQ(thousandths(1e300), 1'000'000'000U);
    EXPECT_EQ(pack(RetryOptions{.base_delay = -1ns})[layout::retry_base_delay], 0U);

    const hedge_terms no_hedge = unpack_hedge(all<shm::terms>(0)), hedge = unpack_hedge(all<shm::terms>(ones));
    for (const std::uint64_t each : {no_hedge.max_extra, no_hedge.delay_ns, no_hedge.percentile, no_hedge.min_delay_ns,
                                     no_hedge.budget.ratio, no_hedge.budget.min_per_second})
        EXPECT_EQ(each, 0U);
    EXPECT_EQ(hedge.max_extra, 10U);
    EXPECT_EQ(hedge.delay_ns, ns(1h));
    EXPECT_EQ(hedge.percentile, 999U);
    EXPECT_EQ(hedge.min_delay_ns, ns(1h));
    EXPECT_EQ(hedge.budget.ratio, 100'000U);
    EXPECT_EQ(hedge.budget.min_per_second, 1'000'000U);
    EXPECT_EQ(pack(HedgeOptions{.delay = -1ns})[layout::hedge_delay], 0U);
    const hedge_terms by{.delay_ns = 5, .percentile = 900, .min_delay_ns = 10};
    EXPECT_EQ(delay_of(by, 0), 5U);
    EXPECT_EQ(delay_of(by, 1), 10U);
    EXPECT_EQ(delay_of(by, 11), 11U);
    EXPECT_EQ(delay_of(by, ones), ns(1h));
    EXPECT_EQ(delay_of({.delay_ns = 5, .percentile = 0, .min_delay_ns = 10}, 11), 5U);
    EXPECT_EQ(delay_of({.delay_ns = 5, .percentile = 1, .min_delay_ns = 10}, 11), 11U);
}

// Fails if a bound of a bulkhead's or a shedder's terms is another, or one of them is not bounded.
TEST(ScribbledTerms, OfABulkheadAndAShedder) {
    const auto zeros = all<shm::terms>(0), full = all<shm::terms>(ones);
    EXPECT_EQ(unpack_bulkhead(zeros, room), (BulkheadOptions{.max_concurrent = 1, .max_wait = 0ns, .max_waiting = 0}));
    EXPECT_EQ(unpack_bulkhead(zeros, nothing).max_concurrent, 1U);
    EXPECT_EQ(unpack_bulkhead(full, room),
              (BulkheadOptions{.max_concurrent = 2'048, .max_wait = 24h, .max_waiting = 1'024}));
    EXPECT_EQ(unpack_bulkhead(full, nothing),
              (BulkheadOptions{.max_concurrent = 1, .max_wait = 24h, .max_waiting = 0}));
    EXPECT_EQ(unpack_shedder(zeros, room), (ShedderOptions{.max_in_flight = 1, .target = 1ms, .interval = 1ms}));
    EXPECT_EQ(unpack_shedder(zeros, nothing).max_in_flight, 1U);
    EXPECT_EQ(unpack_shedder(full, room), (ShedderOptions{.max_in_flight = 2'048, .target = 1min, .interval = 1h}));
    EXPECT_EQ(unpack_shedder(full, nothing).max_in_flight, 1U);
    EXPECT_EQ(codel_terms(ones, ones), (algorithm::codel::terms{.target = ns(1min), .interval = ns(1h)}));
    EXPECT_EQ(codel_terms(5, 6), (algorithm::codel::terms{.target = 5, .interval = 6}));
    EXPECT_EQ(law_of(ShedderOptions{.target = 5ns, .interval = 6ns}), codel_terms(5, 6));
    // 100, 90, 80 and 70 %, and no less than one.
    for (const auto& [priority, most] : {std::pair{0U, 10U}, {1U, 9U}, {2U, 8U}, {3U, 7U}, {4U, 7U}, {~0U, 7U}})
        EXPECT_EQ(most_with(priority, 10), most);
    EXPECT_EQ(most_with(3, 1), 1U);
    EXPECT_EQ(most_with(3, 3), 2U);
    EXPECT_EQ(room_for(256), 1'024U);
    EXPECT_EQ(room_for(257), 2'048U);
    EXPECT_EQ(room_for(8'192), 32'768U);
    EXPECT_EQ(room_for(8'193), 65'535U);
}

// Fails if a bound of a limiter's terms is another, or one of them is not bounded.
TEST(ScribbledTerms, OfALimiter) {
    const limiter_terms least = unpack(all<packed_terms>(0));
    EXPECT_EQ(least.algorithm, Algorithm::gcra);
    EXPECT_EQ(least.mode, Mode{0});
    EXPECT_EQ(least.on_full, OnFull{0});
    EXPECT_EQ(least.clock, Clock{0});
    EXPECT_EQ(least.count_bits, 1U);
    EXPECT_EQ(least.limit, 1U);
    EXPECT_EQ(least.window_ns, 1U);
    EXPECT_EQ(least.burst, 0U);
    EXPECT_FALSE(least.burst_follows);
    EXPECT_EQ(least.emission, 1U);
    EXPECT_EQ(least.horizon, 0U);
    EXPECT_EQ(least.reciprocal, algorithm::gcra::reciprocal_of(1));
    EXPECT_EQ(least.shift, 0U);
    const limiter_terms most = unpack(all<packed_terms>(ones));
    EXPECT_EQ(most.algorithm, Algorithm::fixed_window);
    EXPECT_EQ(most.mode, Mode::off);
    EXPECT_EQ(most.on_full, OnFull::deny);
    EXPECT_EQ(most.clock, Clock::coarse);
    EXPECT_EQ(most.count_bits, max_count_bits);
    EXPECT_EQ(most.limit, max_count);
    EXPECT_EQ(most.window_ns, ns(366 * 24h));
    EXPECT_EQ(most.burst, max_count);
    EXPECT_TRUE(most.burst_follows);
    EXPECT_EQ(most.emission, max_horizon / max_count);
    EXPECT_EQ(most.horizon, max_count * (max_horizon / max_count));
    EXPECT_EQ(most.reciprocal, algorithm::gcra::reciprocal_of(most.emission));
    EXPECT_EQ(most.shift, ones);
    auto values = all<packed_terms>(0);
    values[layout::term_burst] = 2;
    values[layout::term_emission] = max_horizon / 2;
    EXPECT_EQ(unpack(values).horizon, max_horizon) << "as long as there may be";
    EXPECT_EQ(unpack(values).emission, max_horizon / 2);
    values[layout::term_emission] = max_horizon / 2 + 1;
    EXPECT_EQ(unpack(values).emission, max_horizon / 2);
    values[layout::term_burst] = 1;
    values[layout::term_emission] = ones;
    EXPECT_EQ(unpack(values).emission, max_horizon);
    values[layout::term_shift] = 9;
    EXPECT_EQ(unpack(values).shift, 0U) << "a bucket has none";
}

}  // namespace
}  // namespace seki::primitives
