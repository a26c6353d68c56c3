// How long to wait before the next attempt: a pure function of how many failed, of the wait before, and of a random number that is passed in.
//
//   grown:         constant      base                        linear      base * n
//                  exponential   base * 2^(n-1)              each at most `max`; n = 1 is the first retry
//   jitter:        none          grown                       full        uniform in [0, grown]
//                  equal         uniform in [grown/2, grown]
//                  decorrelated  min(max, uniform in [base, 3 * the delay before]), whatever grows
//
// Every number is a delay: what would run over is `max`, and terms out of their bounds give a delay of at most `max`.
#pragma once

#include <algorithm>
#include <cstdint>

#include "algorithm/outcome.hpp"

namespace seki::algorithm::backoff {

enum class growth : std::uint8_t { constant, linear, exponential };
enum class jitter : std::uint8_t { none, full, equal, decorrelated };

struct terms {
    backoff::growth growth = growth::exponential;
    backoff::jitter jitter = jitter::full;
    nanos base = 0;
    nanos max = 0;
};

// Of all 64-bit numbers as many give each of [0, top], but for one: no bias that 2^64 draws could show.
constexpr std::uint64_t uniform(std::uint64_t top, std::uint64_t random) noexcept {
    const uint128 product = static_cast<uint128>(random) * (static_cast<uint128>(top) + 1);
    return static_cast<std::uint64_t>(product >> 64);
}

// Before jitter. `retry`: 1 is the first; 0 is taken for it.
constexpr nanos grown(const terms& by, std::uint64_t retry) noexcept {
    const std::uint64_t n = std::max<std::uint64_t>(retry, 1);
    nanos delay = by.base;
    if (by.growth == growth::linear && __builtin_mul_overflow(by.base, n, &delay)) return by.max;
    if (by.growth == growth::exponential) {
        // Shifted back it would be less than the base if a bit were lost.
        if (by.base != 0 && (n > 64 || by.base > ~nanos{0} >> (n - 1))) return by.max;
        delay = by.base == 0 ? 0 : by.base << (n - 1);
    }
    return std::min(delay, by.max);
}

// `before`: the delay before the last attempt, 0 if there was none.
constexpr nanos delay(const terms& by, std::uint64_t retry, nanos before, std::uint64_t random) noexcept {
    if (by.jitter == jitter::decorrelated) {
        const nanos last = std::max(before, by.base);
        const nanos top = last > ~nanos{0} / 3 ? ~nanos{0} : 3 * last;
        return std::min(by.base + uniform(top - by.base, random), by.max);
    }
    const nanos most = grown(by, retry);
    switch (by.jitter) {
        case jitter::full: return uniform(most, random);
        case jitter::equal: return most - most / 2 + uniform(most / 2, random);
        default: return most;
    }
}

}  // namespace seki::algorithm::backoff
