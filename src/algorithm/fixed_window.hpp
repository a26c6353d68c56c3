// A count per aligned window: what many public APIs document.
//
// State: {0:1 | window number:39 | count:24}. window_number.hpp says how windows are numbered.
//
// The number never wraps: the shortest window is 1 ms, and 2^39 of those are 17 years of uptime. So an entry left alone for any
// length of time is never taken for a current one.
//
// A state of a later window than the call's own belongs to a faster clock: the call counts as made at that window's start. The times
// in the answer are still by the caller's clock.
#pragma once

#include <algorithm>
#include <cstdint>

#include "algorithm/outcome.hpp"
#include "algorithm/window_number.hpp"

namespace seki::algorithm::fixed_window {

inline constexpr unsigned count_bits = 24;
inline constexpr std::uint64_t max_limit = (1ULL << count_bits) - 1;
inline constexpr std::uint64_t number_mask = (1ULL << (63 - count_bits)) - 1;

struct terms {
    nanos window = 1;         // > 0
    std::uint64_t limit = 1;  // <= max_limit
    std::uint64_t shift = 0;
};

// The window that a call falls into, as the state sees it.
struct view {
    std::uint64_t number = 0;
    std::uint64_t count = 0;
    nanos left = 0;  // until its end, by the caller's clock
};

constexpr std::uint64_t pack(std::uint64_t number, std::uint64_t count) noexcept {
    return (number & number_mask) << count_bits | (count & max_limit);
}

constexpr view look(std::uint64_t state, nanos now, const terms& law) noexcept {
    const std::uint64_t stored = state >> count_bits & number_mask;
    const std::uint64_t count = state & max_limit;
    const moment at = locate(now, law.window, law.shift, number_mask);
    if (static_cast<std::int64_t>(stored) > at.number)
        return {stored, count, until_start(stored, at, law.window) + law.window};
    const auto number = static_cast<std::uint64_t>(at.number);
    return {number, stored == number ? count : 0, law.window - at.elapsed};
}

constexpr bool as_good_as_new(std::uint64_t state, nanos now, const terms& law) noexcept {
    return look(state, now, law).count == 0;
}

[[gnu::always_inline]] constexpr outcome check(std::uint64_t state, nanos now, std::uint64_t cost,
                                               const terms& law) noexcept {
    const view at = look(state, now, law);
    outcome result{.state = state, .limit = law.limit};
    std::uint64_t count = at.count;
    if (cost > law.limit) {
        result.retry_after = never;
    } else if (count + cost <= law.limit) {
        result.allowed = true;
        count += cost;
        if (cost > 0) result.state = pack(at.number, count);
    } else {
        result.retry_after = at.left;
    }
    result.remaining = law.limit - std::min(count, law.limit);
    result.reset_after = count > 0 ? at.left : 0;
    return result;
}

// Gives back `cost` of the current window. What was spent in an earlier one is past, and cannot be given back to another: who refunds it all the same
// gives away what others spent in this one. The law cannot tell; undo() can.
constexpr std::uint64_t refund(std::uint64_t state, nanos now, std::uint64_t cost, const terms& law) noexcept {
    const view at = look(state, now, law);
    return pack(at.number, at.count - std::min(cost, at.count));
}

// Takes back a check of that cost that left `written`, as if it had never been: in its own window, or not at all.
constexpr std::uint64_t undo(std::uint64_t state, std::uint64_t cost, std::uint64_t written) noexcept {
    const std::uint64_t number = state >> count_bits & number_mask;
    if (number != (written >> count_bits & number_mask)) return state & state_mask;
    const std::uint64_t count = state & max_limit;
    return pack(number, count - std::min(cost, count));
}

}  // namespace seki::algorithm::fixed_window
