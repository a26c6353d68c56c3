// CoDel, RFC 8289: a queue is bad when even the quickest to come through it waited `target` or more, for a whole `interval`. Then one is dropped,
// and the next after interval / sqrt(how many were dropped so far), until one came through in less. A burst that drains within an interval costs nobody.
//
// Each caller says how long it waited (its sojourn time), and is told whether it is the one. State: a pair, changed as one.
//     first    {above:48 | count:16}                   times in units of 2^13 ns (8 us)
//     second   {next:48 | last_count:15 | dropping:1}
// above: when a whole interval will have been above target; 0 when the last one was below. next: of dropping, when the next one is dropped.
// All zeros has seen nothing, and who finds it so and is below target leaves it so: without a queue nobody writes.
//
// The RFC sees a queue that is empty, and begins anew with it. Nobody tells here of nothing: where no request came for an interval, the queue
// is taken for empty. So interval is to be longer than what lies between two requests of a host that is busy.
//
// One call judges one request, where the RFC's loop drops several at once: each of those behind it asks for itself. Times that lie ahead of the clock by
// more than could have been written are nobody's: it starts over.
#pragma once

#include <algorithm>
#include <cstdint>

#include "algorithm/outcome.hpp"

namespace seki::algorithm::codel {

struct terms {
    nanos target = 5'000'000;
    nanos interval = 100'000'000;
    friend bool operator==(const terms&, const terms&) = default;
};

inline constexpr unsigned tick_shift = 13;
inline constexpr std::uint64_t greatest_count = (1 << 15) - 1;

struct position {
    std::uint64_t above = 0;  // ticks
    std::uint64_t next = 0;   // ticks
    std::uint64_t count = 0;
    std::uint64_t last_count = 0;
    bool dropping = false;
    friend bool operator==(const position&, const position&) = default;
};

struct packed {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    friend bool operator==(const packed&, const packed&) = default;
};

constexpr packed pack(const position& at) noexcept {
    return {at.above << 16 | std::min(at.count, greatest_count),
            at.next << 16 | std::min(at.last_count, greatest_count) << 1 | (at.dropping ? 1U : 0U)};
}
constexpr position unpack(packed word) noexcept {
    return {word.first >> 16, word.second >> 16, word.first & greatest_count, word.second >> 1 & greatest_count,
            (word.second & 1) != 0};
}

// Whether words are such as somebody could have written by `clock`, whose intervals were no longer than that: each by itself, as they may be halves of two.
constexpr bool is_possible(packed words, nanos clock, nanos longest_interval) noexcept {
    constexpr nanos slack = 1'000'000'000;  // by which no two clocks of a host differ
    const std::uint64_t furthest = ((clock + longest_interval + slack) >> tick_shift) + 1;
    const position at = unpack(words);
    return pack(at).first == words.first && at.above <= furthest && at.next <= furthest;
}

// The greatest r with r * r <= n.
constexpr std::uint64_t root(std::uint64_t n) noexcept {
    std::uint64_t found = 0;
    for (std::uint64_t bit = 1ULL << 31; bit != 0; bit >>= 1)
        if ((found | bit) * (found | bit) <= n) found |= bit;
    return found;
}

// interval / sqrt(count), in ticks; with 16 more bits than a whole root has, as 1.4 is not 1.
constexpr std::uint64_t spacing(std::uint64_t count, const terms& law) noexcept {
    const std::uint64_t divisor = root(std::clamp<std::uint64_t>(count, 1, greatest_count) << 32);
    const uint128 wide = (static_cast<uint128>(law.interval >> tick_shift) << 16) / divisor;
    return std::max<std::uint64_t>(static_cast<std::uint64_t>(wide), 1);
}

struct verdict {
    position next;
    bool drop = false;
};

constexpr verdict judge(position at, nanos clock, nanos sojourn, const terms& law) noexcept {
    const std::uint64_t now = clock >> tick_shift;
    const std::uint64_t interval = std::max<std::uint64_t>(law.interval >> tick_shift, 1);
    constexpr std::uint64_t slack = 1'000'000'000 >> tick_shift;  // by which no two clocks of a host differ
    if (std::max(at.above, at.dropping ? at.next : 0) > now + interval + slack) at = {};
    // Whoever came after it was due would have changed it: nobody did, for an interval and more.
    if (at.above != 0 && now > (at.dropping ? at.next : at.above) + interval) at.above = 0;
    if (sojourn < law.target) {
        at.above = 0;
        at.dropping = false;
        return {at, false};
    }
    if (at.above == 0) {
        at.above = now + interval;
        at.dropping = false;
        return {at, false};
    }
    if (now < at.above) return {at, false};
    if (at.dropping) {
        if (now < at.next) return {at, false};
        at.count = std::min(at.count + 1, greatest_count);
        at.next += spacing(at.count, law);
        return {at, true};
    }
    // When it stopped a short time ago, it goes on at about the rate that was right then.
    const std::uint64_t more = at.count > at.last_count ? at.count - at.last_count : 0;
    const bool recent = now < at.next + 16 * interval;
    at.dropping = true;
    at.count = more > 1 && recent ? more : 1;
    at.last_count = at.count;
    at.next = now + spacing(at.count, law);
    return {at, true};
}

}  // namespace seki::algorithm::codel
