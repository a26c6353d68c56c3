// Permits of a bulkhead (also probes of a breaker, places of a shedder): a control line, then the permit words; and the bell of who waits.
//
//   control   64 bytes          terms and hints
//   permits   8 bytes each      0 free, else pack_worker_owner() of the process that holds it (layout/worker.hpp)
//
// All zeros is a table that gives out nothing: max is 0.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "layout/word.hpp"

namespace seki::layout {

inline constexpr std::uint64_t max_permits = 65'535;

// How many permits may be held, and where permits may be held still: {version:32 | drain:16 | max:16}. Everything that is held lies below
// `drain`, and drain > max while permits from before a lowering are out. The version goes up with every change of max.
struct permit_terms {
    std::uint64_t version = 0;
    std::uint64_t drain = 0;
    std::uint64_t max = 0;
    friend bool operator==(const permit_terms&, const permit_terms&) = default;
};
constexpr std::uint64_t pack(permit_terms t) noexcept {
    return t.version << 32 | (t.drain & 0xffff) << 16 | (t.max & 0xffff);
}
constexpr permit_terms unpack_permit_terms(std::uint64_t word) noexcept {
    return {word >> 32, word >> 16 & 0xffff, word & 0xffff};
}

struct alignas(cache_line) permit_control {
    word terms;
    word full_as_of;  // hint: ns of the clock of those who ask; 0 when a permit may be free
    word asked_at;    // hint: when somebody last asked whether the holders live
    word ask_next;    // hint: the permit at whose holder who asks begins
    std::array<word, 4> reserved;
};

// {arrivals:31 | sleeping:1 | rings:32}. The kernel compares the low half, `rings`, with what a sleeper saw before it looked for a permit.
// `sleeping` is set by each arrival and taken back by a ring that woke nobody and saw no arrival since.
struct bell_state {
    std::uint64_t arrivals = 0;
    bool sleeping = false;
    std::uint32_t rings = 0;
    friend bool operator==(const bell_state&, const bell_state&) = default;
};
constexpr std::uint64_t pack(bell_state s) noexcept {
    return s.arrivals << 33 | std::uint64_t{s.sleeping} << 32 | s.rings;
}
constexpr bell_state unpack_bell(std::uint64_t word) noexcept {
    return {word >> 33, (word >> 32 & 1) != 0, static_cast<std::uint32_t>(word)};
}

struct alignas(cache_line) permit_bell {
    word state;
    std::array<word, 7> reserved;
};

static_assert(sizeof(permit_control) == cache_line && sizeof(permit_bell) == cache_line);
static_assert(offsetof(permit_bell, state) == 0);
static_assert(unpack_permit_terms(pack(permit_terms{0xffff'fffe, 65'535, 3})) == permit_terms{0xffff'fffe, 65'535, 3});
static_assert(unpack_bell(pack(bell_state{(1ULL << 31) - 1, true, 0xffff'ffff})) ==
              bell_state{(1ULL << 31) - 1, true, 0xffff'ffff});
static_assert(pack(permit_terms{1ULL << 32, 0, 0}) == 0, "a version that runs over touches nothing else");

}  // namespace seki::layout
