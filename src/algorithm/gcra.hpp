// The generic cell rate algorithm (ITU-T I.371, ATM Forum UNI 3.1): gcra, token_bucket and leaky_bucket are this formula.
//
// State: the theoretical arrival time `tat` in ticks of 1/16 ns. With T = emission and B*T = horizon:
//     tat' = max(tat, t) + cost * T        allowed iff tat' <= t + B * T
//
// Ticks are finer than nanoseconds because T need not be a whole number of them: rounded up to a tick, the rate is off by less than
// 1/1600 at ten million a second, and never too high. 63 bits of ticks are 18 years of uptime and backlog together.
// A caller who waits as told comes up to a nanosecond late, and the next wait is shorter by that; only a burst of 1 cannot make up for it.
//
// A clock that is behind sees tat further ahead: what passes then would have passed at the later time too, and left the same state.
//
// Nothing here can overflow: time enters as its distance from tat, and what is compared is bounded by the horizon.
#pragma once

#include <algorithm>
#include <cstdint>

#include "algorithm/outcome.hpp"

namespace seki::algorithm::gcra {

inline constexpr std::uint64_t ticks_per_nano = 16;

struct terms {
    std::uint64_t emission = 1;  // T in ticks, > 0
    std::uint64_t horizon = 1;   // B * T in ticks
    std::uint64_t burst = 1;     // B
};

// T of `limit` per `window`. For windows of up to 366 days.
constexpr std::uint64_t emission_for(nanos window, std::uint64_t limit) noexcept {
    return (window * ticks_per_nano + limit - 1) / limit;
}

constexpr nanos to_nanos_up(std::uint64_t ticks) noexcept {
    return ticks / ticks_per_nano + (ticks % ticks_per_nano != 0);
}

// Ticks by which tat lies ahead of now; 0 when it does not.
constexpr std::uint64_t ahead(std::uint64_t tat, nanos now) noexcept {
    const std::uint64_t t = now * ticks_per_nano;
    return tat > t ? tat - t : 0;
}

constexpr bool as_good_as_new(std::uint64_t tat, nanos now) noexcept { return ahead(tat, now) == 0; }

[[gnu::always_inline]] constexpr outcome check(std::uint64_t tat, nanos now, std::uint64_t cost,
                                               const terms& law) noexcept {
    const std::uint64_t before = ahead(tat, now);
    outcome result{.state = tat, .limit = law.burst, .delay = to_nanos_up(before)};
    std::uint64_t after = before;
    if (cost > law.burst) {
        result.retry_after = never;
    } else if (const std::uint64_t price = cost * law.emission; before <= law.horizon - std::min(price, law.horizon)) {
        result.allowed = true;
        after = before + price;
        if (cost > 0) result.state = (now * ticks_per_nano + after) & state_mask;
    } else {
        result.retry_after = to_nanos_up(before + price - law.horizon);
    }
    result.remaining = after < law.horizon ? (law.horizon - after) / law.emission : 0;
    result.reset_after = to_nanos_up(after);
    return result;
}

// Gives back `cost`, never beyond the capacity: tat does not fall below now, so a clock that is behind gains nothing by it either.
constexpr std::uint64_t refund(std::uint64_t tat, nanos now, std::uint64_t cost, const terms& law) noexcept {
    const uint128 price = static_cast<uint128>(cost) * law.emission;
    return (tat - static_cast<std::uint64_t>(std::min<uint128>(price, ahead(tat, now)))) & state_mask;
}

}  // namespace seki::algorithm::gcra
