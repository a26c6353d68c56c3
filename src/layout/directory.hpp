// The directory: which primitives there are. One entry each, and the entry is the only record of its piece of the arena.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "layout/word.hpp"

namespace seki::layout {

inline constexpr std::size_t name_size = 64;  // bytes of a name with its terminating zero

enum class kind : std::uint64_t { none = 0, limiter = 1 };

// What an entry's options are now. Two blocks take turns (shm/directory.hpp), so that a dead writer leaves the published one whole.
struct terms_block {
    std::array<word, 8> values;
};

struct alignas(cache_line) directory_entry {
    // incarnation of the primitive that lives here, or 0: free. The one store that publishes it, and the one that deletes it.
    word incarnation;
    // How many times terms were published. Its lowest bit is the index of the block in force.
    word terms_version;

    // Unchanged while `incarnation` stands.
    word kind;
    word flags;         // bit 0: keeps key texts
    word arena_offset;  // from the start of the segment
    word arena_size;
    word max_keys;
    word buckets;
    word stripes;
    word created_unix_ns;
    std::array<word, name_size / sizeof(word)> name;

    // The terms it was created with: who asks for the same gets it, whatever an operator changed since.
    alignas(cache_line) terms_block made_with;

    alignas(cache_line) std::array<terms_block, 2> terms;
};

inline constexpr std::uint64_t flag_key_texts = 1;

static_assert(sizeof(terms_block) == cache_line);
static_assert(sizeof(directory_entry) == 6 * cache_line);
static_assert(offsetof(directory_entry, terms) == 4 * cache_line);

// The values of a limiter's terms_block.
enum limiter_term : std::size_t {
    term_modes = 0,  // packed by pack_modes
    term_limit = 1,
    term_window = 2,     // ns
    term_burst = 3,      // 0 for the windows
    term_emission = 4,   // bucket family: ticks per unit of cost, rounded up
    term_horizon = 5,    // bucket family: burst * emission
    term_shift = 6,      // windows: added to now/window, so that window numbers never go back when `window` changes
    term_count_bits = 7  // sliding_window: bits of each of its counts; the same for every block of one incarnation
};

struct modes {
    std::uint8_t algorithm = 0, mode = 0, on_full = 0, clock = 0;
};

constexpr std::uint64_t pack_modes(modes m) noexcept {
    return m.algorithm | std::uint64_t{m.mode} << 8 | std::uint64_t{m.on_full} << 16 | std::uint64_t{m.clock} << 24;
}
constexpr modes unpack_modes(std::uint64_t packed) noexcept {
    return {static_cast<std::uint8_t>(packed), static_cast<std::uint8_t>(packed >> 8),
            static_cast<std::uint8_t>(packed >> 16), static_cast<std::uint8_t>(packed >> 24)};
}

}  // namespace seki::layout
