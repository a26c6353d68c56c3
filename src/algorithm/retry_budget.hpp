// How many retries a host may make: at most a share of its calls, and some a second that nobody has to earn. Pure.
//
// Retries are counted in windows. A window begins with a retry that comes a second or more after the last one began, and lasts at least a second.
// With it comes an allowance:
//
//     left = min_per_second + floor(ratio * calls / seconds)
//
// where `calls` are those since the last window began, and `seconds` how long that is ago: at least 1, so each call is counted once and backs
// `ratio` retries at most. Any run of the host has no more retries than ratio * its calls + min_per_second * its windows.
//
// Where nobody retried for long, the calls of all that time make the average second: a success does not read the clock, so nobody knows when they were.
#pragma once

#include <algorithm>
#include <cstdint>

#include "algorithm/outcome.hpp"

namespace seki::algorithm::retry_budget {

inline constexpr std::uint64_t window_ms = 1000;
inline constexpr std::uint64_t whole = 1000;  // a ratio of 1, in thousandths
inline constexpr std::uint64_t max_ratio = 100 * whole;
inline constexpr std::uint64_t max_per_second = 1'000'000;
inline constexpr std::uint64_t max_left = (1 << 24) - 1;

struct terms {
    std::uint64_t ratio = 0;  // thousandths
    std::uint64_t min_per_second = 0;
};

// All zeros is a window that ended long ago.
struct position {
    std::uint64_t start_ms = 0;
    std::uint64_t left = 0;   // retries that the window still allows
    std::uint64_t calls = 0;  // ever counted when it began
    friend bool operator==(const position&, const position&) = default;
};

// `now_ms` was read after the position. A window of the future is nobody's: somebody scribbled.
constexpr bool runs(const position& at, std::uint64_t now_ms) noexcept {
    return at.start_ms <= now_ms && now_ms - at.start_ms < window_ms;
}

constexpr std::uint64_t allowance(const terms& by, std::uint64_t calls, std::uint64_t elapsed_ms) noexcept {
    const uint128 earned = static_cast<uint128>(calls) * std::min(by.ratio, max_ratio) * window_ms /
                           (static_cast<uint128>(std::max(elapsed_ms, window_ms)) * whole);
    const uint128 all = earned + std::min(by.min_per_second, max_per_second);
    return all < max_left ? static_cast<std::uint64_t>(all) : max_left;
}

// The window after `at`. Fewer calls than before have nobody's trust, and earn nothing.
constexpr position begin(const terms& by, const position& at, std::uint64_t now_ms, std::uint64_t calls) noexcept {
    const std::uint64_t since = calls > at.calls ? calls - at.calls : 0;
    const std::uint64_t elapsed = now_ms > at.start_ms ? now_ms - at.start_ms : 0;
    return {.start_ms = now_ms, .left = allowance(by, since, elapsed), .calls = calls};
}

}  // namespace seki::algorithm::retry_budget
