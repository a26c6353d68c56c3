// The laws of a concurrency limit that moves: aimd, gradient, vegas. From Netflix concurrency-limits and Envoy's adaptive concurrency, with
// what docs/design/adaptive.md says differently.
//
// The host's calls come in windows of so many; at the end of each one, moved() says what the limit is next. State: a pair, changed as one.
//     first    {limit:24 | come_back:24 | reference, its upper 16}      limits in 1/256
//     second   {reference, its lower 24 | due:39 | settling:1}          due in units of 2^20 ns
// `reference` is the mean latency of calls that do not queue, in ns, 0 as long as it is not known. gradient and vegas compare with it.
// Nothing but a measurement at less concurrency moves it upwards, so that a latency which rises slowly cannot become the usual one: each
// `probe_interval` the limit is halved until latency falls no more, that is the reference, and then the limit is `come_back` again
// (0: no probe is under way). `due` is when the next one begins, and during one, when it ends with what it has.
// `settling`: the window that ends next has calls from before the limit was lowered, or raised again, and says nothing.
//
// All zeros is a limit that has seen nothing. Whatever stands in the pair, the answer lies between min_limit and max_limit.
#pragma once

#include <algorithm>
#include <cstdint>

#include "algorithm/outcome.hpp"

namespace seki::algorithm::adaptive_limit {

enum class law : std::uint8_t { aimd = 0, gradient = 1, vegas = 2 };

// A limit, or a part of one, in 1/256: a small limit moves by less than one at a time.
using parts = std::uint64_t;
inline constexpr parts one = 256;

inline constexpr std::uint64_t greatest_limit = 65'535;
inline constexpr std::uint64_t greatest_window = 10'000;
inline constexpr nanos greatest_latency = (1ULL << 40) - 1;  // about 18 minutes; longer ones count as that
inline constexpr unsigned due_shift = 20;
inline constexpr std::uint64_t due_mask = (1ULL << 39) - 1;

struct terms {
    adaptive_limit::law law = law::gradient;
    std::uint64_t min_limit = 1;
    std::uint64_t max_limit = 1'000;
    std::uint64_t initial_limit = 20;
    std::uint64_t backoff_ratio = 90;  // percent
    std::uint64_t tolerance = 150;     // percent
    std::uint64_t smoothing = 20;      // percent
    std::uint64_t window = 100;        // calls
    nanos timeout = 5'000'000'000;     // a call that took as long was dropped
    nanos probe_interval = 60'000'000'000;
    friend bool operator==(const terms&, const terms&) = default;
};

// What a window of calls came to.
struct sample {
    std::uint64_t answered = 0;   // calls whose latency counts
    nanos latencies = 0;          // of those, together
    std::uint64_t drops = 0;      // the others: errors, timeouts, refusals of the server
    std::uint64_t in_flight = 0;  // when it ended
    nanos now = 0;
};

struct position {
    parts limit = 0;  // 0: it has seen nothing, and is initial_limit
    parts come_back = 0;
    nanos reference = 0;
    std::uint64_t due = 0;
    bool settling = false;
    friend bool operator==(const position&, const position&) = default;
};

struct packed {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    friend bool operator==(const packed&, const packed&) = default;
};

constexpr packed pack(const position& at) noexcept {
    const nanos reference = std::min(at.reference, greatest_latency);
    return {at.limit << 40 | at.come_back << 16 | reference >> 24,
            reference << 40 | (at.due & due_mask) << 1 | (at.settling ? 1U : 0U)};
}
constexpr position unpack(packed word) noexcept {
    return {word.first >> 40, word.first >> 16 & 0xff'ffff, (word.first & 0xffff) << 24 | word.second >> 40,
            word.second >> 1 & due_mask, (word.second & 1) != 0};
}

constexpr parts within(parts limit, const terms& law) noexcept {
    return std::clamp(limit, law.min_limit * one, std::max(law.min_limit, law.max_limit) * one);
}

// How many may be in flight.
constexpr std::uint64_t allowed(const position& at, const terms& law) noexcept {
    return within(at.limit != 0 ? at.limit : law.initial_limit * one, law) / one;
}

// With how many calls the window that is under way ends. As many as may be in flight at least, so that those from before a change are gone after one;
// more where a probe measures, as every limit until the next one follows from that.
constexpr std::uint64_t calls_to_end(const position& at, const terms& law) noexcept {
    const std::uint64_t usual = std::max({law.window, allowed(at, law), std::uint64_t{1}});
    return at.come_back == 0 || at.settling ? usual : 8 * usual;
}

// Whether it ends with so many: a measurement lasts no longer than a probe may.
constexpr bool ends(const position& at, std::uint64_t calls, nanos now, const terms& law) noexcept {
    if (calls >= calls_to_end(at, law)) return true;
    return at.come_back != 0 && !at.settling && calls > 0 && now >> due_shift >= at.due;
}

namespace detail {

// limit * numerator / denominator, of numbers that may be anything.
constexpr parts scaled(parts limit, std::uint64_t numerator, std::uint64_t denominator) noexcept {
    const uint128 product = static_cast<uint128>(limit) * numerator / std::max<std::uint64_t>(denominator, 1);
    return static_cast<parts>(std::min<uint128>(product, 1ULL << 40));
}

constexpr bool is_due(std::uint64_t due, nanos now) noexcept { return now >> due_shift >= due; }
constexpr std::uint64_t due_at(nanos when) noexcept { return ((when >> due_shift) + 1) & due_mask; }

// The limit is what holds calls back, and not that there are no more of them.
constexpr bool used(const position& at, const sample& seen) noexcept { return seen.in_flight * 2 * one > at.limit; }

constexpr position lowered(position at, const terms& law) noexcept {
    at.limit = within(scaled(at.limit, law.backoff_ratio, 100), law);
    at.settling = true;
    return at;
}

constexpr position aimd(position at, const sample& seen, const terms& law) noexcept {
    if (seen.drops > 0) return lowered(at, law);
    if (used(at, seen)) at.limit = within(at.limit + one, law);
    return at;
}

// A server that can do c calls at once without a queue answers L > c of them L / c times as late; so L * reference / latency is c, whatever L is.
// The aim is 4 % more, as who stays below c never learns that c has grown; and where no queue is to be seen, `tolerance` times the limit.
constexpr position gradient(position at, nanos latency, const sample& seen, const terms& law) noexcept {
    const bool no_queue = latency <= at.reference;
    parts aim = no_queue ? scaled(at.limit, law.tolerance, 100) : scaled(at.limit * 26 / 25, at.reference, latency);
    aim = std::max(aim, at.limit / 2) + one / 4;
    if (aim > at.limit && !used(at, seen)) return at;
    if (static_cast<uint128>(latency) * 100 > static_cast<uint128>(at.reference) * law.tolerance) {  // no noise
        at.limit = within(std::min(aim, at.limit), law);
        at.settling = true;
        return at;
    }
    const parts way = scaled(aim > at.limit ? aim - at.limit : at.limit - aim, law.smoothing, 100);
    at.limit = within(aim > at.limit ? at.limit + way : at.limit - std::min(way, at.limit), law);
    return at;
}

// Of L calls, L * (1 - reference / latency) queue. There should be some, as above, but few.
constexpr position vegas(position at, nanos latency, const sample& seen, const terms& law) noexcept {
    const parts running = latency > at.reference ? scaled(at.limit, at.reference, latency) : at.limit;
    const parts queue = at.limit - std::min(running, at.limit);
    const parts few = std::max(at.limit / 16, one / 2), many = std::max(at.limit / 8, one);
    if (queue > many)
        at.limit -= std::min(std::max(at.limit / 16, one / 2), at.limit);
    else if (queue < few && used(at, seen))
        at.limit += queue < few / 2 ? std::max(at.limit / 16, one) : std::max(at.limit / 64, one / 4);
    at.limit = within(at.limit, law);
    return at;
}

constexpr position known(position at, nanos latency, const sample& seen, const terms& law) noexcept {
    at.reference = latency;
    at.due = due_at(seen.now + law.probe_interval);
    return at;
}

// Halves the limit, to see whether latency falls.
constexpr position probed_lower(position at, nanos latency, const terms& law) noexcept {
    at.limit = within(at.limit / 2, law);
    at.reference = latency;
    at.settling = true;
    return at;
}

// Ends a probe that measured nothing.
constexpr position given_up(position at, const terms& law) noexcept {
    at.limit = within(at.come_back, law);
    at.come_back = 0;
    at.settling = true;
    return at;
}

// A window that is not settling, during a probe.
constexpr position probed(position at, nanos latency, const sample& seen, const terms& law) noexcept {
    const bool falls = static_cast<uint128>(latency) * 4 < static_cast<uint128>(at.reference) * 3;
    if (falls && at.limit > law.min_limit * one && !is_due(at.due, seen.now)) return probed_lower(at, latency, law);
    return known(given_up(at, law), latency, seen, law);
}

// A window in which nobody probes, and latency can be compared.
constexpr position compared(position at, nanos latency, const sample& seen, const terms& law) noexcept {
    const bool at_least = at.limit <= law.min_limit * one;
    const bool rises = static_cast<uint128>(latency) * 10 > static_cast<uint128>(at.reference) * 11;
    // Fewer calls than these there cannot be: this is a measurement.
    if (at_least && rises) return known(at, latency, seen, law);
    // So much less is no noise: the calls have become quicker, and how quick they are remains to be seen.
    const bool quicker = static_cast<uint128>(latency) * law.tolerance < static_cast<uint128>(at.reference) * 100;
    if (at.reference == 0 || quicker || is_due(at.due, seen.now)) {
        if (at_least || !used(at, seen)) return known(at, latency, seen, law);
        at.come_back = at.limit;
        at.due = due_at(seen.now + law.probe_interval / 4);
        return probed_lower(at, latency, law);
    }
    return law.law == law::vegas ? vegas(at, latency, seen, law) : gradient(at, latency, seen, law);
}

}  // namespace detail

// What follows from a window.
constexpr position moved(position at, const sample& seen, const terms& law) noexcept {
    if (seen.answered + seen.drops == 0) return at;
    if (at.limit == 0) {  // while the first calls came in, there were less of them in flight
        at.limit = law.initial_limit * one;
        at.settling = true;
    }
    at.limit = within(at.limit, law);
    // Begun by another law, whose terms these were.
    if (law.law == law::aimd && at.come_back != 0) return detail::given_up(at, law);
    if (at.settling) {
        const bool drained = at.come_back == 0 || seen.in_flight * one <= at.limit + one;
        at.settling = !drained && !detail::is_due(at.due, seen.now);
        return at;
    }
    if (law.law == law::aimd) return detail::aimd(at, seen, law);
    // The latency of an error says nothing, and a few errors are no sign of too many calls; more are.
    if (seen.drops * 10 > seen.answered + seen.drops) {
        if (at.come_back == 0) return detail::lowered(at, law);
        if (!detail::is_due(at.due, seen.now)) return at;
        at.due = detail::due_at(seen.now + law.probe_interval);
        return detail::given_up(at, law);
    }
    const nanos latency = std::clamp<nanos>(seen.latencies / seen.answered, 1, greatest_latency);
    return at.come_back != 0 ? detail::probed(at, latency, seen, law) : detail::compared(at, latency, seen, law);
}

}  // namespace seki::algorithm::adaptive_limit
