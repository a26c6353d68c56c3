// Durations by how long they were: a block for each worker slot and one for the threads that share. It stands in the arena of its primitive.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "layout/word.hpp"

namespace seki::layout {

// The longest duration, in nanoseconds, that each bucket but the last counts. Each is at least twice the one before, so that between two powers of
// two there is never more than one.
inline constexpr std::array<std::uint64_t, 18> duration_bounds{
    100'000,       250'000,       500'000,       1'000'000,      2'500'000,      5'000'000,
    10'000'000,    25'000'000,    50'000'000,    100'000'000,    250'000'000,    500'000'000,
    1'000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000, 25'000'000'000, 60'000'000'000};
inline constexpr std::size_t duration_buckets = duration_bounds.size() + 1;

// What one worker recorded for one incarnation. The sum and the buckets up to 5 ms share a line.
struct alignas(cache_line) histogram_block {
    word incarnation;
    word sum;  // ns
    std::array<word, duration_buckets> counts;
    std::array<word, 3> reserved;
};

// The bucket of a duration that has so many significant bits, or of the next bucket: the number of bounds below 2^(bits-1).
inline constexpr auto bucket_by_width = [] {
    std::array<std::uint8_t, 65> first{};
    for (std::size_t bits = 1; bits < first.size(); ++bits)
        first[bits] = static_cast<std::uint8_t>(
            std::ranges::count_if(duration_bounds, [&](std::uint64_t bound) { return bound < 1ULL << (bits - 1); }));
    return first;
}();

constexpr std::size_t duration_bucket(std::uint64_t ns) noexcept {
    const std::size_t least = bucket_by_width[static_cast<std::size_t>(std::bit_width(ns))];
    return least + (least < duration_bounds.size() && ns > duration_bounds[least] ? 1 : 0);
}

static_assert(sizeof(histogram_block) == 3 * cache_line);
static_assert(std::ranges::adjacent_find(duration_bounds, [](std::uint64_t a, std::uint64_t b) { return b < 2 * a; }) ==
              duration_bounds.end());
static_assert(duration_bucket(0) == 0 && duration_bucket(100'000) == 0 && duration_bucket(100'001) == 1);
static_assert(duration_bucket(~0ULL) == duration_buckets - 1);

}  // namespace seki::layout
