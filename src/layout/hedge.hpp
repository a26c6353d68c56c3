// What a hedge has in its directory entry, in the counter block of each worker, and in its piece of the arena: the budget that all processes share,
// which is a retry's (layout/retry.hpp), and how long calls took of late.
//
// All zeros is a budget whose last window ended long ago, and no call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "layout/directory.hpp"
#include "layout/retry.hpp"
#include "layout/word.hpp"
#include "layout/worker.hpp"

namespace seki::layout {

// The terms: all of them in the first line of a block.
enum hedge_term : std::size_t {
    hedge_max_extra = 0,
    hedge_delay = 1,       // ns
    hedge_percentile = 2,  // thousandths; 0: the delay is fixed
    hedge_min_delay = 3,   // ns
    hedge_ratio = 4,       // thousandths
    hedge_min_per_second = 5
};
static_assert(hedge_min_per_second < terms_in_line);

inline constexpr counter count_hedge_calls{0};     // what the budget goes by
inline constexpr counter count_hedge_requests{1};  // attempts beside the first ones
inline constexpr counter count_hedge_wins{2};      // calls that one of these answered
inline constexpr counter count_hedge_failed{3};    // calls without a success
inline constexpr counter count_hedge_denied{4};    // attempts that were not made because the budget was spent

// How many calls took how long: {slice:32 | count:32} for each bucket of each of the last slices (algorithm/latency.hpp).
inline constexpr std::size_t latency_buckets = 186;
inline constexpr std::size_t latency_slices = 8;

struct alignas(cache_line) latency_block {
    word asked_ms;   // when the percentile was last found out, or somebody set out to do so
    word answer_ns;  // what it was; 0: there were too few calls
    std::array<word, 6> reserved;
    std::array<std::array<word, latency_buckets>, latency_slices> tallies;
};

struct alignas(cache_line) hedge_block {
    retry_block budget;
    latency_block latencies;
};

static_assert(sizeof(latency_block) == 2 * latency_slices * latency_buckets * 4 + cache_line);
static_assert(sizeof(hedge_block) == 12'032 && offsetof(hedge_block, budget) == 0);
static_assert(offsetof(latency_block, tallies) == cache_line);

}  // namespace seki::layout
