// Two fixed windows, the previous one weighted by how much of it the sliding window still covers. With W = window,
// e = time since the current window's start, p and c the two counts:
//     allowed iff p * (W - e) + (c + cost) * W <= limit * W          in integers
//
// State: {0:1 | window number:63-2b | previous:b | current:b}, b = count_bits. window_number.hpp says how
// windows are numbered.
//
// The number never wraps: count_bits_for() gives the counts only the bits that 17 years of windows leave over, and the
// configuration refuses a limit that does not fit. So an entry left alone for any length of time is never taken for a current one.
// b is chosen when the limiter is created and stays, so that a change of limit or window leaves every state readable.
//
// A state of a later window than the call's own belongs to a faster clock: the call counts as made at that window's start. The times
// in the answer are still by the caller's clock. Within a window, a clock that is behind sees more of the previous one, and what passes
// then would have passed at the later time too, and left the same state.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "algorithm/outcome.hpp"
#include "algorithm/window_number.hpp"

namespace seki::algorithm::sliding_window {

inline constexpr unsigned max_count_bits = 24;
inline constexpr unsigned lifetime_bits = 59;  // 2^59 ns are 18 years

// Bits for each count when windows are `window` long.
constexpr unsigned count_bits_for(nanos window) noexcept {
    const unsigned number_bits = lifetime_bits - (static_cast<unsigned>(std::bit_width(window)) - 1);
    return std::min(max_count_bits, (63 - number_bits) / 2);
}
constexpr std::uint64_t max_limit(unsigned count_bits) noexcept { return (1ULL << count_bits) - 1; }

struct terms {
    nanos window = 1;         // > 0, < 2^59
    std::uint64_t limit = 1;  // <= max_limit(count_bits)
    std::uint64_t shift = 0;
    unsigned count_bits = 1;  // 1 to max_count_bits
};

// The two windows that a call looks at, as the state sees them.
struct view {
    std::uint64_t number = 0;
    std::uint64_t previous = 0;
    std::uint64_t current = 0;
    nanos elapsed = 0;  // since the start of the current window
    nanos lead = 0;     // until that start, for a call whose clock is behind it
};

constexpr std::uint64_t number_mask(const terms& law) noexcept { return (1ULL << (63 - 2 * law.count_bits)) - 1; }

constexpr std::uint64_t pack(const view& at, const terms& law) noexcept {
    const std::uint64_t counts = max_limit(law.count_bits);
    return (at.number & number_mask(law)) << 2 * law.count_bits | at.previous << law.count_bits | (at.current & counts);
}

constexpr view look(std::uint64_t state, nanos now, const terms& law) noexcept {
    const std::uint64_t counts = max_limit(law.count_bits);
    const std::uint64_t stored = state >> 2 * law.count_bits & number_mask(law);
    const std::uint64_t previous = state >> law.count_bits & counts;
    const std::uint64_t current = state & counts;
    const moment at = locate(now, law.window, law.shift, number_mask(law));
    if (static_cast<std::int64_t>(stored) > at.number)
        return {stored, previous, current, 0, until_start(stored, at, law.window)};
    const auto number = static_cast<std::uint64_t>(at.number);
    if (stored == number) return {number, previous, current, at.elapsed, 0};
    return {number, stored + 1 == number ? current : 0, 0, at.elapsed, 0};
}

constexpr bool as_good_as_new(std::uint64_t state, nanos now, const terms& law) noexcept {
    const view at = look(state, now, law);
    return at.previous == 0 && at.current == 0;
}

// ceil(count * span / divisor); narrow when the product is, for a wide division costs ten times as much.
constexpr std::uint64_t share_up(std::uint64_t count, nanos span, std::uint64_t divisor) noexcept {
    const uint128 product = static_cast<uint128>(count) * span;
    if (product >> 64 == 0) {
        const auto narrow = static_cast<std::uint64_t>(product);
        return narrow / divisor + (narrow % divisor != 0);
    }
    return static_cast<std::uint64_t>((product + divisor - 1) / divisor);
}

// Whole units of cost in use. For whole costs, p * (W - e) + (c + cost) * W <= limit * W is used + cost <= limit.
constexpr std::uint64_t used(const view& at, const terms& law) noexcept {
    return at.current + share_up(at.previous, law.window - at.elapsed, law.window);
}

// How far into a window with `previous` before it must be, so that `free` more units of it have slid out of sight:
// the smallest e with previous * (W - e) <= free * W.
constexpr nanos slid_out(std::uint64_t previous, std::uint64_t free, nanos window) noexcept {
    if (previous <= free) return 0;
    return window - static_cast<nanos>(static_cast<uint128>(free) * window / previous);
}

// Of a view that denies. In the next window the current count is the previous one, and the one after that starts empty.
constexpr nanos retry_after(const view& at, std::uint64_t cost, const terms& law) noexcept {
    const std::uint64_t wanted = at.current + cost;
    if (wanted <= law.limit) return at.lead + slid_out(at.previous, law.limit - wanted, law.window) - at.elapsed;
    return at.lead + law.window - at.elapsed + slid_out(at.current, law.limit - cost, law.window);
}

[[gnu::always_inline]] constexpr outcome check(std::uint64_t state, nanos now, std::uint64_t cost,
                                               const terms& law) noexcept {
    view at = look(state, now, law);
    std::uint64_t spent = used(at, law);
    outcome result{.state = state, .limit = law.limit};
    if (cost > law.limit) {
        result.retry_after = never;
    } else if (spent + cost <= law.limit) {
        result.allowed = true;
        spent += cost;
        at.current += cost;
        if (cost > 0) result.state = pack(at, law);
    } else {
        result.retry_after = retry_after(at, cost, law);
    }
    result.remaining = law.limit - std::min(spent, law.limit);
    if (at.current > 0)
        result.reset_after = at.lead + 2 * law.window - at.elapsed;
    else if (at.previous > 0)
        result.reset_after = at.lead + law.window - at.elapsed;
    return result;
}

// Takes from the current window first, then from the previous one: most of what is given back was spent a moment ago. What was spent in the
// previous one and is refunded in this one gives away what others spent; the law cannot tell, undo() can.
constexpr std::uint64_t refund(std::uint64_t state, nanos now, std::uint64_t cost, const terms& law) noexcept {
    view at = look(state, now, law);
    const std::uint64_t recent = std::min(cost, at.current);
    at.current -= recent;
    at.previous -= std::min(cost - recent, at.previous);
    return pack(at, law);
}

// Takes back a check of that cost that left `written`, as if it had never been: in its own window, which may be the previous one by now.
constexpr std::uint64_t undo(std::uint64_t state, std::uint64_t cost, std::uint64_t written,
                             const terms& law) noexcept {
    const std::uint64_t counts = max_limit(law.count_bits);
    view at{.number = state >> 2 * law.count_bits & number_mask(law),
            .previous = state >> law.count_bits & counts,
            .current = state & counts};
    const std::uint64_t then = written >> 2 * law.count_bits & number_mask(law);
    if (then == at.number)
        at.current -= std::min(cost, at.current);
    else if (then + 1 == at.number)
        at.previous -= std::min(cost, at.previous);
    return pack(at, law);
}

}  // namespace seki::algorithm::sliding_window
