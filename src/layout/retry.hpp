// What a retry has in its directory entry, in the counter block of each worker, and in its piece of the arena: the budget that all processes share.
//
// All zeros is a budget whose last window ended long ago.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "layout/directory.hpp"
#include "layout/word.hpp"
#include "layout/worker.hpp"

namespace seki::layout {

// The terms: all of them in the first line of a block.
enum retry_term : std::size_t {
    retry_modes = 0,  // {jitter:8 | backoff:8}
    retry_max_attempts = 1,
    retry_base_delay = 2,  // ns
    retry_max_delay = 3,   // ns
    retry_ratio = 4,       // thousandths
    retry_min_per_second = 5
};
static_assert(retry_min_per_second < terms_in_line);

inline constexpr counter count_retry_calls{0};      // first attempts: what the budget goes by
inline constexpr counter count_retry_retries{1};    // all other attempts
inline constexpr counter count_retry_exhausted{2};  // calls given up: no attempts left, or no time
inline constexpr counter count_retry_denied{3};     // calls given up because the budget was spent
inline constexpr counter count_retry_recovered{4};  // calls that a retry helped

// The second word of the budget: {start_ms:40 | left:24}; the first: the calls that all workers had counted when the window began.
struct budget_window {
    std::uint64_t start_ms = 0;  // CLOCK_MONOTONIC
    std::uint64_t left = 0;
    friend bool operator==(const budget_window&, const budget_window&) = default;
};
inline constexpr std::uint64_t max_budget_left = (1 << 24) - 1;
constexpr std::uint64_t pack(budget_window w) noexcept { return w.start_ms << 24 | (w.left & max_budget_left); }
constexpr budget_window unpack_budget_window(std::uint64_t word) noexcept {
    return {word >> 24, word & max_budget_left};
}

struct alignas(cache_line) retry_block {
    pair budget;
    std::array<word, 6> reserved;
};

static_assert(sizeof(retry_block) == cache_line && offsetof(retry_block, budget) == 0);
static_assert(unpack_budget_window(pack(budget_window{(1ULL << 40) - 1, max_budget_left})) ==
              budget_window{(1ULL << 40) - 1, max_budget_left});

}  // namespace seki::layout
