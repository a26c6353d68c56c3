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
// Nothing here can overflow: time enters as its distance from tat, and distance, price and horizon are below 2^63 each. Nothing here divides:
// a division took a tenth of a check (bench/limiter), and terms that somebody scribbled on cannot trap.
#pragma once

#include <algorithm>
#include <cstdint>

#include "algorithm/outcome.hpp"

namespace seki::algorithm::gcra {

inline constexpr std::uint64_t ticks_per_nano = 16;

// floor(2^64 / divisor), and 2^64 - 1 for 1: what quotient() multiplies by.
constexpr std::uint64_t reciprocal_of(std::uint64_t divisor) noexcept {
    if (divisor <= 1) return ~0ULL;
    return ~0ULL / divisor + (~0ULL % divisor == divisor - 1);
}

struct terms {
    std::uint64_t emission = 1;  // T in ticks, > 0
    std::uint64_t horizon = 1;   // B * T in ticks
    std::uint64_t burst = 1;     // B
    std::uint64_t reciprocal = reciprocal_of(emission);
};

// What of them a decision takes.
struct bounds {
    std::uint64_t emission = 1;
    std::uint64_t horizon = 1;
};

// T of `limit` per `window`. For windows of up to 366 days.
constexpr std::uint64_t emission_for(nanos window, std::uint64_t limit) noexcept {
    return (window * ticks_per_nano + limit - 1) / limit;
}

// floor(ticks / T). The product falls short of ticks / T by less than ticks / 2^64 < 1, so its whole part by one at most.
constexpr std::uint64_t quotient(std::uint64_t ticks, const terms& law) noexcept {
    const auto short_of = static_cast<std::uint64_t>(static_cast<uint128>(ticks) * law.reciprocal >> 64);
    return short_of + (ticks - short_of * law.emission >= law.emission);
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

// A decision in two halves, so that who must not lose time before its compare-and-swap does only the first before it: rule() decides,
// and describe() says the rest of it in numbers for people.
struct ruling {
    std::uint64_t before = 0;  // ticks by which tat was ahead
    std::uint64_t price = 0;   // ticks; of no meaning when it is not possible
    bool allowed = false;
    bool possible = false;  // the cost is not above the burst
};

[[gnu::always_inline]] constexpr ruling rule(std::uint64_t tat, nanos now, std::uint64_t cost,
                                             const bounds& law) noexcept {
    const std::uint64_t before = ahead(tat, now);
    // The horizon is the price of the whole burst, so what is not above the one is not above the other.
    std::uint64_t price = 0;
    const bool possible = !__builtin_mul_overflow(cost, law.emission, &price) && price <= law.horizon;
    return {before, price, possible && before <= law.horizon - price, possible};
}

// The state that an allowance leaves.
[[gnu::always_inline]] constexpr std::uint64_t spent(const ruling& made, nanos now) noexcept {
    return (now * ticks_per_nano + made.before + made.price) & state_mask;
}

[[gnu::always_inline]] constexpr outcome describe(const ruling& made, const terms& law) noexcept {
    if (made.allowed) {
        const std::uint64_t after = made.before + made.price;
        return {.allowed = true,
                .limit = law.burst,
                .remaining = quotient(law.horizon - after, law),  // who is allowed does not end beyond it
                .reset_after = to_nanos_up(after),
                .delay = to_nanos_up(made.before)};
    }
    return {.allowed = false,
            .limit = law.burst,
            .remaining = made.before < law.horizon ? quotient(law.horizon - made.before, law) : 0,
            .retry_after = made.possible ? to_nanos_up(made.before + made.price - law.horizon) : never,
            .reset_after = to_nanos_up(made.before),
            .delay = to_nanos_up(made.before)};
}

// The rest of the terms. The horizon is B times T, so the division comes out even.
constexpr terms terms_of(const bounds& law) noexcept {
    return {.emission = law.emission, .horizon = law.horizon, .burst = law.horizon / law.emission};
}

constexpr outcome check(std::uint64_t tat, nanos now, std::uint64_t cost, const terms& law) noexcept {
    const ruling made = rule(tat, now, cost, {.emission = law.emission, .horizon = law.horizon});
    outcome result = describe(made, law);
    result.state = made.allowed && cost > 0 ? spent(made, now) : tat;
    return result;
}

// Gives back `cost`, never beyond the capacity: tat does not fall below now, so a clock that is behind gains nothing by it either.
constexpr std::uint64_t refund(std::uint64_t tat, nanos now, std::uint64_t cost, const terms& law) noexcept {
    const uint128 price = static_cast<uint128>(cost) * law.emission;
    return (tat - static_cast<std::uint64_t>(std::min<uint128>(price, ahead(tat, now)))) & state_mask;
}

// Takes back a check of that cost that was made at `then`, as if it had never been. What may have drained since is not given back: without this check the
// queue may have run empty meanwhile, and then others have had that time already. What it would hold without all that is taken back later falls short of
// what it holds by at least their prices less the time since each: that falls no slower than the queue, so it stays so whoever takes back what when.
constexpr std::uint64_t undo(std::uint64_t tat, nanos now, std::uint64_t cost, nanos then, const terms& law) noexcept {
    const uint128 price = static_cast<uint128>(cost) * law.emission;
    const uint128 drained = static_cast<uint128>(now > then ? now - then : 0) * ticks_per_nano;
    const uint128 left = price > drained ? price - drained : 0;
    return (tat - static_cast<std::uint64_t>(std::min<uint128>(left, ahead(tat, now)))) & state_mask;
}

}  // namespace seki::algorithm::gcra
