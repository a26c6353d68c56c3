// A breaker: its word, the end of its count window and its time window, then the count window's ring, then the places of the probes, then how long
// its calls took.
//
//   block      896 bytes        see breaker_block
//   ring       16 bytes each    the full blocks of 24 outcomes of the count window
//   probes     16 bytes each    the places that half_open has to give
//   durations  192 bytes each   one for each worker slot and the shared one (layout/histogram.hpp)
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "layout/directory.hpp"
#include "layout/word.hpp"
#include "layout/worker.hpp"

namespace seki::layout {

// The shape: how many blocks its ring has, and how many places for probes.
enum breaker_shape : std::size_t { breaker_shape_ring = 0, breaker_shape_probes = 1 };

// The terms. The first line has what the outcome of a call needs, the second what a caller needs while calls are refused.
enum breaker_term : std::size_t {
    breaker_window_type = 0,  // 0 count, 1 time
    breaker_window = 1,       // calls, or ns
    breaker_minimum_calls = 2,
    breaker_failure_threshold = 3,    // percent
    breaker_slow_call_threshold = 4,  // percent
    breaker_slow_call_duration = 5,   // ns
    breaker_wait_duration = 8,        // ns
    breaker_wait_multiplier = 9,      // hundredths
    breaker_wait_duration_max = 10,   // ns
    breaker_half_open_requests = 11,
    breaker_max_half_open_duration = 12,  // ns
    breaker_mode = 13                     // what it was last told to be; what it is says its word
};

// What a worker counts.
inline constexpr counter count_call_ok{0};
inline constexpr counter count_call_error{1};
inline constexpr counter count_call_slow{2};
inline constexpr counter count_call_ignored{3};
inline constexpr counter count_call_rejected{4};
inline constexpr counter count_would_open{5};
static_assert(count_would_open < hot_counters);

// A block of outcomes of the count window, two bits each, the oldest lowest:
//   as the end that is written now   {generation:32 | count low:32}  {count high:16 | outcomes:48}   count: outcomes of this generation so far
//   in the ring                      {generation:32 | number low:32} {number high:16 | outcomes:48}  the number-th full block of a generation
// At ten million outcomes a second a count of 48 bits lasts 325 days in one generation; then it starts at 0, and the window with it.
inline constexpr std::uint64_t outcomes_in_block = 24;
inline constexpr unsigned outcome_count_bits = 48;
inline constexpr std::uint64_t outcome_count_mask = (1ULL << outcome_count_bits) - 1;
inline constexpr std::uint64_t outcomes_mask = (1ULL << 2 * outcomes_in_block) - 1;

struct outcome_block {
    std::uint32_t generation = 0;
    std::uint64_t number = 0;  // the count, or the block's number
    std::uint64_t outcomes = 0;
    friend bool operator==(const outcome_block&, const outcome_block&) = default;
};
constexpr pair_value pack(const outcome_block& block) noexcept {
    return {std::uint64_t{block.generation} << 32 | (block.number & 0xffff'ffff),
            (block.number >> 32 & 0xffff) << 48 | (block.outcomes & outcomes_mask)};
}
constexpr outcome_block unpack_outcome_block(pair_value value) noexcept {
    return {static_cast<std::uint32_t>(value.first >> 32), (value.first & 0xffff'ffff) | value.second >> 48 << 32,
            value.second & outcomes_mask};
}

// A slice of the time window: {generation:32 | lap:32} {ok:24 | error:20 | slow:20}. Slice i holds the outcomes of slice number lap * 16 + i since boot.
// Slices are at least 1/16 s long, so laps last 136 years. When a count is full all three are halved: their ratio stays.
inline constexpr std::uint64_t outcome_slices = 16;
inline constexpr std::uint64_t max_slice_ok = (1 << 24) - 1;
inline constexpr std::uint64_t max_slice_bad = (1 << 20) - 1;

struct outcome_slice {
    std::uint32_t generation = 0;
    std::uint32_t lap = 0;
    std::uint64_t ok = 0;
    std::uint64_t errors = 0;
    std::uint64_t slow = 0;
    friend bool operator==(const outcome_slice&, const outcome_slice&) = default;
};
constexpr std::uint64_t slice_tag(std::uint32_t generation, std::uint32_t lap) noexcept {
    return std::uint64_t{generation} << 32 | lap;
}
constexpr pair_value pack(const outcome_slice& slice) noexcept {
    return {slice_tag(slice.generation, slice.lap), slice.ok << 40 | slice.errors << 20 | slice.slow};
}
constexpr outcome_slice unpack_outcome_slice(pair_value value) noexcept {
    return {static_cast<std::uint32_t>(value.first >> 32), static_cast<std::uint32_t>(value.first), value.second >> 40,
            value.second >> 20 & max_slice_bad, value.second & max_slice_bad};
}

// The place of a probe: {generation:32 | place:32} {owner}. One of an older generation is free. The first word is never 0 and ends in sixteen
// zeros, which no permit does (layout/permits.hpp): a late swap of a place goes through nowhere but in a place.
enum class place : std::uint32_t { free = 1 << 16, taken = 2 << 16, ok = 3 << 16 };

constexpr std::uint64_t pack_place(std::uint32_t generation, place standing) noexcept {
    return std::uint64_t{generation} << 32 | static_cast<std::uint32_t>(standing);
}
constexpr std::uint32_t place_generation(std::uint64_t first) noexcept {
    return static_cast<std::uint32_t>(first >> 32);
}
constexpr place place_standing(std::uint64_t first) noexcept { return static_cast<place>(first & 0xffff'ffff); }

// Owner of a place that nobody's death gives back: of a process that found no slot to be named by.
inline constexpr std::uint64_t nameless_owner = ~0ULL;

inline constexpr std::size_t breaker_states = 6;

// How often it went from one state to another, and in which generation it did so last: {generation:32 | count:32}.
struct transition_count {
    std::uint32_t generation = 0;
    std::uint32_t count = 0;
    friend bool operator==(const transition_count&, const transition_count&) = default;
};
constexpr std::uint64_t pack(const transition_count& counted) noexcept {
    return std::uint64_t{counted.generation} << 32 | counted.count;
}
constexpr transition_count unpack_transition_count(std::uint64_t word) noexcept {
    return {static_cast<std::uint32_t>(word >> 32), static_cast<std::uint32_t>(word)};
}
static_assert(unpack_transition_count(pack(transition_count{7, 5})) == transition_count{7, 5});

// The word is read at each call and changes at transitions; the end of the window changes at each call. Hence lines of their own, in twos
// because processors fetch two at once.
struct breaker_block {
    alignas(2 * cache_line) pair state;  // algorithm/breaker.hpp
    word looked;   // when somebody last asked whether the owners of places live, or tried to finish a change
    word settled;  // the version of the terms that its window was brought into agreement with
    word told;  // up to which generation sekid told of transitions, or counted them as lost (daemon/change_ledger.hpp)
    alignas(2 * cache_line) pair window_end;
    alignas(2 * cache_line) std::array<pair, outcome_slices> slices;
    // transition_count, [from][to] (shm/transition_counts.hpp).
    alignas(2 * cache_line) std::array<std::array<word, breaker_states>, breaker_states> transitions;
};

inline constexpr std::uint64_t least_ring = 3;

// How its piece of the arena is divided. Counts and offsets, in bytes from its start.
struct breaker_geometry {
    std::uint64_t ring = 0;    // blocks
    std::uint64_t probes = 0;  // places
    [[nodiscard]] constexpr std::uint64_t ring_offset() const noexcept { return sizeof(breaker_block); }
    [[nodiscard]] constexpr std::uint64_t probes_offset() const noexcept { return ring_offset() + ring * sizeof(pair); }
    // Up to where the durations begin.
    [[nodiscard]] constexpr std::uint64_t bytes() const noexcept {
        constexpr std::uint64_t unit = 2 * cache_line;
        return (probes_offset() + probes * sizeof(pair) + unit - 1) / unit * unit;
    }
    // The greatest window_size of a count window and half_open_requests that it has room for.
    [[nodiscard]] constexpr std::uint64_t window_calls() const noexcept { return (ring - 2) * outcomes_in_block; }
    [[nodiscard]] constexpr std::uint64_t half_open_requests() const noexcept { return probes; }
    friend bool operator==(const breaker_geometry&, const breaker_geometry&) = default;
};

// The least room for four times as many: of few sizes, so that a deleted breaker's memory fits the next one (shm/directory.hpp, keeps_its_piece).
constexpr std::uint64_t room_to_grow(std::uint64_t wanted, std::uint64_t least, std::uint64_t most) noexcept {
    std::uint64_t room = least;
    while (room < most && room / 4 < wanted) room *= 4;
    return std::min(room, most);
}

// With room to raise both fourfold while the breaker runs, as far as there are limits. A time window needs no ring; it has one so that it may
// become a count window. Six sizes of the one, four of the other.
constexpr breaker_geometry breaker_geometry_for(std::uint64_t window_calls, std::uint64_t half_open_requests) noexcept {
    const std::uint64_t calls = room_to_grow(window_calls, 240, 65'536);
    return {(calls + outcomes_in_block - 1) / outcomes_in_block + 2, room_to_grow(half_open_requests, 20, 1'024)};
}

static_assert(sizeof(breaker_block) == 896 && offsetof(breaker_block, settled) == 24 &&
              offsetof(breaker_block, told) == 32);
static_assert(offsetof(breaker_block, window_end) == 128 && offsetof(breaker_block, slices) == 256);
static_assert(offsetof(breaker_block, transitions) == 512);
static_assert(unpack_outcome_block(pack(outcome_block{7, (5ULL << 32) + 3, 9})) ==
              outcome_block{7, (5ULL << 32) + 3, 9});
static_assert(unpack_outcome_slice(pack(outcome_slice{7, 8, max_slice_ok, 1, max_slice_bad})) ==
              outcome_slice{7, 8, max_slice_ok, 1, max_slice_bad});
static_assert(breaker_geometry_for(60, 4).window_calls() == 240 && breaker_geometry_for(61, 5).window_calls() == 960);
static_assert(breaker_geometry_for(20, 5).probes == 20 && breaker_geometry_for(20, 6).probes == 80);
static_assert(breaker_geometry_for(~0ULL, ~0ULL).window_calls() >= 65'536 && breaker_geometry_for(0, 0).probes == 20);
static_assert(breaker_geometry_for(65'536, 1'024).probes == 1'024);

}  // namespace seki::layout
