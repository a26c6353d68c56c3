// The directory: which primitives there are. One entry each, and the entry is the only record of its piece of the arena.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "layout/word.hpp"

namespace seki::layout {

inline constexpr std::size_t name_size = 64;  // bytes of a name with its terminating zero

// What an entry is an entry of. A name may be used once for each kind. Numbers are never given anew.
enum class kind : std::uint64_t {
    none = 0,
    limiter = 1,
    breaker = 2,
    bulkhead = 3,
    adaptive = 4,
    shedder = 5,
    retry = 6,
    hedge = 7,
    policy = 8
};
inline constexpr kind last_kind = kind::policy;

// What an entry's options are now. Two blocks take turns (shm/directory.hpp), so that a dead writer leaves the published one whole.
// The kind says what each value means. Those that a hot path reads belong into the first of the two lines.
inline constexpr std::size_t terms_in_line = 8;
inline constexpr std::size_t terms_in_block = 2 * terms_in_line;
struct terms_block {
    std::array<word, terms_in_block> values;
};

inline constexpr std::size_t shape_words = 8;

struct alignas(cache_line) directory_entry {
    // incarnation of the primitive that lives here, or 0: free. The one store that publishes it, and the one that deletes it.
    word incarnation;
    // How many times terms were published. Its lowest bit is the index of the block in force.
    word terms_version;

    // Unchanged while `incarnation` stands.
    word kind;
    word arena_offset;  // from the start of the segment
    word arena_size;    // 0 for a kind that needs no arena
    word created_unix_ns;
    std::array<word, 2> reserved;
    // How its piece of the arena is divided, and whatever else never changes. The kind says what each word means.
    alignas(cache_line) std::array<word, shape_words> shape;
    std::array<word, name_size / sizeof(word)> name;

    // The terms it was created with: who asks for the same gets it, whatever an operator changed since.
    alignas(cache_line) terms_block made_with;

    alignas(cache_line) std::array<terms_block, 2> terms;
};

static_assert(sizeof(terms_block) == 2 * cache_line);
static_assert(sizeof(directory_entry) == 9 * cache_line);
static_assert(offsetof(directory_entry, made_with) == 3 * cache_line);
static_assert(offsetof(directory_entry, terms) == 5 * cache_line);

// The shape of a limiter.
enum limiter_shape : std::size_t {
    limiter_shape_key_texts = 0,  // 1: it keeps the texts of its keys
    limiter_shape_max_keys = 1,
    limiter_shape_buckets = 2,
    limiter_shape_stripes = 3
};

// The terms of a limiter: all of them in the first line of a block.
enum limiter_term : std::size_t {
    term_modes = 0,  // packed by pack_modes
    term_limit = 1,
    term_window = 2,      // ns
    term_burst = 3,       // 0 for the windows
    term_emission = 4,    // bucket family: ticks per unit of cost, rounded up
    term_horizon = 5,     // bucket family: burst * emission
    term_shift = 6,       // windows: added to now/window, so that window numbers never go back when `window` changes
    term_reciprocal = 6,  // bucket family: of the emission, for dividing by it
    term_count_bits = 7   // sliding_window: bits of each of its counts; the same for every block of one incarnation
};
static_assert(term_count_bits < terms_in_line);

struct modes {
    std::uint8_t algorithm = 0, mode = 0, on_full = 0, clock = 0;
    std::uint8_t burst_follows = 0;  // 1: no burst was asked for, and it is the limit, also when that is changed
};

constexpr std::uint64_t pack_modes(modes m) noexcept {
    return m.algorithm | std::uint64_t{m.mode} << 8 | std::uint64_t{m.on_full} << 16 | std::uint64_t{m.clock} << 24 |
           std::uint64_t{m.burst_follows} << 32;
}
constexpr modes unpack_modes(std::uint64_t packed) noexcept {
    return {static_cast<std::uint8_t>(packed), static_cast<std::uint8_t>(packed >> 8),
            static_cast<std::uint8_t>(packed >> 16), static_cast<std::uint8_t>(packed >> 24),
            static_cast<std::uint8_t>(packed >> 32)};
}

}  // namespace seki::layout
