// The two units that processes change under each other's eyes: a word of 8 bytes and a pair of 16.
// Their values are private to shm/memory.hpp, so that no other code can touch shared memory by accident.
#pragma once

#include <cstdint>
#include <type_traits>

namespace seki::shm {
struct word_access;
}

namespace seki::layout {

inline constexpr std::size_t cache_line = 64;  // ours, not the compiler's: it is part of the file format

class word {
    friend struct seki::shm::word_access;
    std::uint64_t value_ = 0;
};

// What a pair holds, as a plain value.
struct pair_value {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    friend bool operator==(const pair_value&, const pair_value&) = default;
};

// Changed as a whole by one 16-byte compare-and-swap, read as two words.
class alignas(16) pair {
    friend struct seki::shm::word_access;
    word first_;
    word second_;
};

static_assert(sizeof(word) == 8 && alignof(word) == 8);
static_assert(sizeof(pair) == 16 && alignof(pair) == 16);
static_assert(std::is_trivially_copyable_v<pair> && std::is_standard_layout_v<pair>);

}  // namespace seki::layout
