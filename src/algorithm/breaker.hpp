// The law of a circuit breaker: closed lets calls through, open refuses them, half_open lets a few probes find out.
//
// State: a pair of words, changed as one.
//     first    {generation:32 | 0:14 | came from:3 | reopened:12 | state:3}
//     second   time of the transition, ns
// The generation is raised at each transition and names everything that belongs to the time between two of them: the outcomes of a
// window, the places of the probes. What carries another generation does not count, so nothing is ever swept. It wraps after 2^32 transitions: to
// be taken for a later one, an outcome would have to come exactly so many late. `reopened` stops at its greatest. The state that it came from
// says which transition began the generation, to who counts it (shm/transition_counts.hpp) and who tells of it in the place of its dead maker.
// A first word that no transition writes (states 6 and 7) reads as closed, and any transition replaces it. What came from 6 or 7 came from nowhere.
//
// Who asks reads its clock after it has read the pair. So a time of transition ahead of that clock by more than clocks differ was never
// anybody's time, and would keep the breaker open for who knows how long: it is replaced by the time of the call. Ahead by less, the call
// counts as made at the time of the transition: time does not go back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "algorithm/outcome.hpp"

namespace seki::algorithm::breaker {

enum class state : std::uint8_t {
    closed = 0,
    open = 1,
    half_open = 2,
    forced_open = 3,
    forced_closed = 4,
    observe = 5
};

enum class window_type : std::uint64_t { count = 0, time = 1 };

// What a call came to. In this order they are the two bits of a count window.
enum class outcome : std::uint8_t { ignore = 0, ok = 1, error = 2, slow = 3 };

inline constexpr std::size_t states = 6;
inline constexpr std::uint8_t nowhere = 7;  // where the first state of a breaker came from

inline constexpr nanos millisecond = 1'000'000;
inline constexpr nanos second = 1'000 * millisecond;
inline constexpr nanos clock_slack = second;  // by which no two clocks of a host differ, the coarse one included
inline constexpr std::uint64_t max_reopened = (1 << 12) - 1;
inline constexpr std::uint64_t max_window_calls = 65'536;
inline constexpr nanos min_window_duration = second;
inline constexpr nanos max_window_duration = 86'400 * second;
inline constexpr std::uint64_t max_half_open_requests = 1'024;
inline constexpr std::uint64_t max_wait_multiplier = 10'000;     // 100.00
inline constexpr nanos max_duration = 366 * 86'400ULL * second;  // of everything else that lasts

struct terms {
    breaker::window_type window_type = window_type::count;
    std::uint64_t window = 20;  // calls, or nanoseconds
    std::uint64_t minimum_calls = 5;
    std::uint64_t failure_threshold = 50;    // percent
    std::uint64_t slow_call_threshold = 80;  // percent
    nanos slow_call_duration = 2 * second;
    nanos wait_duration = 30 * second;
    std::uint64_t wait_multiplier = 100;     // hundredths
    nanos wait_duration_max = 600 * second;  // of no effect where wait_duration is longer
    std::uint64_t half_open_requests = 5;
    nanos max_half_open_duration = 60 * second;
    friend bool operator==(const terms&, const terms&) = default;
};
static_assert(sizeof(terms) <= 16 * sizeof(std::uint64_t));

struct position {
    std::uint32_t generation = 0;
    std::uint32_t reopened = 0;  // since it was last closed
    breaker::state state = state::closed;
    std::uint8_t came_from = nowhere;  // a state
    nanos since = 0;
    friend bool operator==(const position&, const position&) = default;
};

struct packed {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
};

inline constexpr int came_from_shift = 15;
inline constexpr std::uint64_t came_from_mask = 7;

constexpr packed pack(const position& at) noexcept {
    return {std::uint64_t{at.generation} << 32 | (at.came_from & came_from_mask) << came_from_shift |
                std::min<std::uint64_t>(at.reopened, max_reopened) << 3 | static_cast<std::uint64_t>(at.state),
            at.since};
}
constexpr std::uint32_t generation_of(std::uint64_t first) noexcept { return static_cast<std::uint32_t>(first >> 32); }
constexpr state state_of(std::uint64_t first) noexcept {
    const std::uint64_t stored = first & 7;
    return stored > 5 ? state::closed : static_cast<state>(stored);
}
constexpr std::uint8_t came_from(std::uint64_t first) noexcept {
    const std::uint64_t stored = first >> came_from_shift & came_from_mask;
    return stored < states ? static_cast<std::uint8_t>(stored) : nowhere;
}
constexpr position unpack(packed word) noexcept {
    return {generation_of(word.first), static_cast<std::uint32_t>(word.first >> 3 & max_reopened), state_of(word.first),
            came_from(word.first), word.second};
}
// Closed in that generation, wherever it came from. One instruction more than a comparison.
constexpr bool is_closed(std::uint64_t first, std::uint32_t generation) noexcept {
    return (first & ~(came_from_mask << came_from_shift)) == std::uint64_t{generation} << 32;
}

// Lets everybody through.
constexpr bool passes(state s) noexcept { return s != state::open && s != state::half_open && s != state::forced_open; }
// Outcomes of calls that it let through go into the window.
constexpr bool counts(state s) noexcept { return s == state::closed || s == state::observe; }

// wait_duration times wait_multiplier for each time it re-opened, rounded down at each. Splitting off what is less than a hundred keeps the product
// within 64 bits.
constexpr nanos wait_after(std::uint64_t reopened, const terms& law) noexcept {
    if (law.wait_multiplier <= 100) return law.wait_duration;
    const nanos longest = std::max(law.wait_duration, law.wait_duration_max);
    nanos wait = law.wait_duration;
    for (std::uint64_t i = 0; i < reopened && wait < longest; ++i)
        wait = std::min(longest, wait / 100 * law.wait_multiplier + wait % 100 * law.wait_multiplier / 100);
    return wait;
}

constexpr outcome classify(bool failed, nanos duration, const terms& law) noexcept {
    if (failed) return outcome::error;
    return duration >= law.slow_call_duration ? outcome::slow : outcome::ok;
}

// What stands in a window.
struct tally {
    std::uint64_t total = 0;
    std::uint64_t errors = 0;
    std::uint64_t slow = 0;
    friend bool operator==(const tally&, const tally&) = default;
};

// The calls that must be in the window: a count window never holds more than its size.
constexpr std::uint64_t least_calls(const terms& law) noexcept {
    const std::uint64_t wanted = std::max<std::uint64_t>(law.minimum_calls, 1);
    return law.window_type == window_type::count ? std::min(wanted, std::max<std::uint64_t>(law.window, 1)) : wanted;
}

constexpr bool trips(const tally& seen, const terms& law) noexcept {
    return seen.total >= least_calls(law) && (seen.errors * 100 >= law.failure_threshold * seen.total ||
                                              (seen.errors + seen.slow) * 100 >= law.slow_call_threshold * seen.total);
}

// What may happen to a breaker.
enum class event : std::uint8_t {
    call,          // somebody wants to be let in
    window_trips,  // the outcomes of a generation ask for opening
    probes_ok,     // all probes of a generation were ok
    probe_failed,  // one was not
    renew,         // what stands in the window was counted for another: it starts empty
    reset,         // the rest are an operator's
    force_open,
    force_closed,
    observe,
    automatic
};

// Whether some event makes a transition from there to that state; react() has them. From nowhere it came to its first state.
constexpr bool leads(std::size_t from, state to) noexcept {
    if (from >= states || to == state::closed) return true;
    const auto old = static_cast<state>(from);
    switch (to) {
        case state::open: return old == state::closed || old == state::half_open;
        case state::half_open: return old == state::open;
        case state::observe: return true;  // from itself: its window began anew
        default: return old != to;
    }
}

enum class decision : std::uint8_t { pass, probe, refuse };

struct step {
    position next;                       // what to write, if it differs from what was there
    bool transition = false;             // whether that is one; otherwise only a time that was nobody's is put right
    decision answer = decision::refuse;  // to a call
    nanos retry_after = 0;  // of a refusal: until something else may be answered. Of a probe: until it must be decided
};

// Whether its time may have been somebody's.
constexpr bool is_sane(const position& at, nanos now) noexcept {
    return at.since <= now || at.since - now <= clock_slack;
}
constexpr nanos elapsed(const position& at, nanos now) noexcept { return now > at.since ? now - at.since : 0; }

constexpr step moved(const position& from, state to, nanos now, std::uint32_t reopened = 0) noexcept {
    const nanos when = is_sane(from, now) ? std::max(from.since, now) : now;
    return {.next = {from.generation + 1, reopened, to, static_cast<std::uint8_t>(from.state), when},
            .transition = true};
}

constexpr step reopened(const position& from, nanos now, const terms& law) noexcept {
    const auto times = static_cast<std::uint32_t>(std::min<std::uint64_t>(from.reopened + 1ULL, max_reopened));
    step done = moved(from, state::open, now, times);
    done.retry_after = wait_after(times, law);
    return done;
}

// How long an open breaker still refuses, where nothing else is to be done; 0 otherwise. What most refusals come to, in a few instructions.
constexpr nanos plainly_refused(const position& from, nanos now, const terms& law) noexcept {
    if (from.state != state::open || from.since > now) return 0;
    const nanos lasts = wait_after(from.reopened, law);
    return now - from.since < lasts ? lasts - (now - from.since) : 0;
}

constexpr step asked(const position& from, nanos now, const terms& law) noexcept {
    step same{.next = from};
    if (passes(from.state)) {
        same.answer = decision::pass;
        return same;
    }
    if (from.state == state::forced_open) {
        same.retry_after = never;
        return same;
    }
    const bool open = from.state == state::open;
    const nanos lasts = open ? wait_after(from.reopened, law) : law.max_half_open_duration;
    if (!is_sane(from, now)) same.next.since = now;
    if (elapsed(same.next, now) < lasts) {
        same.answer = open ? decision::refuse : decision::probe;
        same.retry_after = same.next.since + lasts - now;  // by the caller's clock, also where that is behind
        return same;
    }
    if (!open) return reopened(from, now, law);
    step due = moved(from, state::half_open, now, from.reopened);
    due.answer = decision::probe;
    due.retry_after = law.max_half_open_duration;
    return due;
}

// `generation` is the one that the event belongs to; an operator's, and renew, belong to any.
constexpr step react(const position& from, event what, std::uint32_t generation, nanos now, const terms& law) noexcept {
    const step nothing{.next = from};
    const bool current = generation == from.generation;
    const auto force = [&](state to) { return from.state == to ? nothing : moved(from, to, now); };
    switch (what) {
        case event::call: return asked(from, now, law);
        case event::window_trips:
            return current && from.state == state::closed ? moved(from, state::open, now) : nothing;
        case event::probes_ok:
            return current && from.state == state::half_open ? moved(from, state::closed, now) : nothing;
        case event::probe_failed: return current && from.state == state::half_open ? reopened(from, now, law) : nothing;
        case event::renew: return counts(from.state) ? moved(from, from.state, now) : nothing;
        case event::reset: return moved(from, state::closed, now);
        case event::force_open: return force(state::forced_open);
        case event::force_closed: return force(state::forced_closed);
        case event::observe: return force(state::observe);
        case event::automatic: {
            const bool automatic =
                from.state == state::closed || from.state == state::open || from.state == state::half_open;
            return automatic ? nothing : moved(from, state::closed, now);
        }
    }
    return nothing;
}

}  // namespace seki::algorithm::breaker
