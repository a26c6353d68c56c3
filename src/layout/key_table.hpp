// The key table of a limiter: stripes, then buckets of slots, then (if kept) the texts of the keys.
//
//   stripes   16 bytes each    {tag, seq:58 | candidate:4 | phase:2}
//   buckets   128 bytes each   eight slots {tag, state}
//   texts     32 bytes a slot
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "layout/word.hpp"

namespace seki::layout {

inline constexpr std::size_t slots_per_bucket = 8;
inline constexpr std::size_t candidates = 2 * slots_per_bucket;

// tag    bit 63 set: a key's fingerprint. Bit 63 clear: the slot is empty, and `state` is a stamp that no other emptying of any slot uses.
// state  bit 63 clear: the word of the limiter's algorithm; 0 is as good as new.
//        bit 63 set: tentative; the low bits are the sequence number of the insert that put it here.
inline constexpr std::uint64_t tag_bit = 1ULL << 63;
inline constexpr std::uint64_t tentative_bit = 1ULL << 63;

struct alignas(2 * cache_line) bucket {
    std::array<pair, slots_per_bucket> slots;
};

// The second word of a stripe.
enum class phase : std::uint64_t { idle = 0, preparing = 1, committing = 2 };

struct transaction {
    std::uint64_t seq = 0;        // never goes back; 58 bits at a million inserts a second last nine thousand years
    std::uint64_t candidate = 0;  // 0..7 in the key's first bucket, 8..15 in its second
    layout::phase phase = phase::idle;
    friend bool operator==(const transaction&, const transaction&) = default;
};

constexpr std::uint64_t pack(transaction t) noexcept {
    return t.seq << 6 | (t.candidate & 15) << 2 | static_cast<std::uint64_t>(t.phase);
}
constexpr transaction unpack_transaction(std::uint64_t word) noexcept {
    return {word >> 6, (word >> 2) & 15, static_cast<phase>(word & 3)};
}

// For people. Written without a lock, possibly by two at once, and believed only when it hashes to the slot's tag:
//   length <= 31: the whole key, and its hash is the tag;
//   length 255: a longer key; `check` ties its first 23 bytes to the tag.
struct key_text {
    std::array<word, 4> words;
};
inline constexpr std::size_t text_whole = 31;
inline constexpr std::size_t text_prefix = 23;

static_assert(sizeof(bucket) == 128);
static_assert(sizeof(key_text) == 32);
static_assert(unpack_transaction(pack({7, 13, phase::committing})) == transaction{7, 13, phase::committing});

}  // namespace seki::layout
