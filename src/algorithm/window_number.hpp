// Which window a call falls into: what the two window laws share.
//
// Windows are aligned to multiples of their length and numbered now / window + shift. `shift` is 0 until the length is changed while
// the limiter runs; from then on it makes numbers go on from where they were, so that no count of before is taken for a count of after.
//
// `shift` is a whole 64-bit word and the sum is taken modulo 2^64, so a shift that stands for a negative number is as exact as any
// other: the true number is far below 2^63. It is not cut to the bits that a state keeps, because a clock that lags behind the change can
// fall before window 0, and that must read as "earlier than everything stored" (hence the sign), not as a number near the top.
// Numbers that no longer fit stay at the last one instead of starting over: a count may then stand for too long, but is never forgotten.
#pragma once

#include <algorithm>
#include <cstdint>

#include "algorithm/outcome.hpp"

namespace seki::algorithm {

// Uptime that window numbers are made for.
inline constexpr nanos lifetime = 17ULL * 365 * 86400 * 1'000'000'000;

// A moment as the window laws see it.
struct moment {
    std::int64_t number = 0;  // at most the greatest that a state can keep; negative: before window 0
    nanos elapsed = 0;        // since that window's start
};

constexpr moment locate(nanos now, nanos window, std::uint64_t shift, std::uint64_t last) noexcept {
    const auto number = static_cast<std::int64_t>(now / window + shift);
    return {std::min(number, static_cast<std::int64_t>(last)), now % window};
}

// How long until window `stored` begins, for a call whose clock is still before it. A number that nobody could have written yet
// (a scribbled state) gives a time that never comes, yet far enough below `never` to add windows to it.
constexpr nanos until_start(std::uint64_t stored, moment at, nanos window) noexcept {
    const std::uint64_t windows = stored - static_cast<std::uint64_t>(at.number);
    const uint128 span = static_cast<uint128>(windows) * window - at.elapsed;
    return static_cast<nanos>(std::min<uint128>(span, never / 2));
}

// How many windows of the old length may begin while it is changed: those of a minute, and the next one.
constexpr std::uint64_t windows_foreseen(nanos old_window) noexcept {
    constexpr nanos minute = 60'000'000'000;
    return minute / old_window + 1;
}

// The shift for windows of length `window` from `now` on: what was window n is followed by n + 2 and the windows of a minute. Not by n + 1, for
// then a sliding window would count n as its previous one; and calls that still go by the old terms may meanwhile have begun those foreseen.
//
// A call that goes by the old terms sees the new number as a later window and counts into that. This holds while its own number is not
// above the new one: so a call reads its clock before its terms, and who changes the terms looks at the clock again after publishing
// them and, should the old numbers have come further than foreseen, publishes once more.
template <class Terms>
constexpr std::uint64_t shift_after_change(const Terms& old, nanos window, nanos now) noexcept {
    return now / old.window + old.shift + windows_foreseen(old.window) + 1 - now / window;
}

// Whether numbers up to `last` are enough for the whole lifetime. A change of window that makes this false must be refused.
constexpr bool numbers_last(nanos window, std::uint64_t shift, std::uint64_t last) noexcept {
    return lifetime / window + shift <= last;
}

}  // namespace seki::algorithm
