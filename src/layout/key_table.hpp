// The key table of a limiter: stripes, then buckets of slots, then (if kept) the texts of the keys. Each part is page-aligned.
//
//   stripes   16 bytes each    idle: {table stamp, transaction}; busy: {tag of the key being inserted, transaction}
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

// A slot is one of three things:
//   empty      {stamp, 0}               bit 63 of the stamp clear; no two emptyings of any slot use the same stamp. It stands in
//                                       the first word, where no state can be taken for it
//   tentative  {tag, ticket}            bit 63 of both set; the ticket names the one transaction that put it here
//   a key      {tag, state}             state is the word of the limiter's algorithm, bit 63 clear; 0 is as good as new
inline constexpr std::uint64_t tag_bit = 1ULL << 63;
inline constexpr std::uint64_t ticket_bit = 1ULL << 63;

struct alignas(2 * cache_line) bucket {
    std::array<pair, slots_per_bucket> slots;
};

// The second word of a stripe. Sequence numbers never recur: at a million inserts a second into one stripe 51 bits last 71 years.
enum class phase : std::uint64_t { idle = 0, preparing = 1, committing = 2 };

inline constexpr unsigned sequence_bits = 51;
inline constexpr unsigned stripe_bits = 12;
inline constexpr std::uint64_t max_stripes = 1ULL << stripe_bits;
inline constexpr std::uint64_t sequence_mask = (1ULL << sequence_bits) - 1;

struct transaction {
    std::uint64_t sequence = 0;
    std::uint64_t candidate = 0;  // 0..7 in the key's first bucket, 8..15 in its second
    layout::phase phase = phase::idle;
    friend bool operator==(const transaction&, const transaction&) = default;
};

constexpr std::uint64_t pack(transaction t) noexcept {
    return (t.sequence & sequence_mask) << 6 | (t.candidate & 15) << 2 | static_cast<std::uint64_t>(t.phase);
}
constexpr transaction unpack_transaction(std::uint64_t word) noexcept {
    return {word >> 6 & sequence_mask, word >> 2 & 15, static_cast<phase>(word & 3)};
}

// The state of a tentative slot. One load of it tells which transaction it belongs to.
constexpr std::uint64_t ticket(std::uint64_t stripe, std::uint64_t sequence) noexcept {
    return ticket_bit | (stripe & (max_stripes - 1)) << sequence_bits | (sequence & sequence_mask);
}
constexpr std::uint64_t ticket_stripe(std::uint64_t ticket) noexcept {
    return ticket >> sequence_bits & (max_stripes - 1);
}
constexpr std::uint64_t ticket_sequence(std::uint64_t ticket) noexcept { return ticket & sequence_mask; }

// For people. Written without a lock, possibly by two at once, and believed only when it hashes to the slot's tag: 30 bytes {text, length}.
//   length <= 29: the whole key, and its hash is the tag;
//   length 255: a longer key; the 8 bytes before the length tie its first 21 to the tag; length 254: no text, and all other bytes are 255.
// Each pair holds 15 of the bytes (shm/key_text.hpp), and `text_mark` in the highest byte of its first word, where a slot or a stripe never has it: not a tag (bit 63
// is clear), and not a stamp of an emptying (it is below 2^60). So nobody who expects a text takes a slot for it.
struct key_text {
    std::array<pair, 2> pairs;
};
inline constexpr std::size_t text_bytes = 30;
inline constexpr std::size_t text_whole = text_bytes - 1;
inline constexpr std::size_t text_prefix = text_whole - sizeof(std::uint64_t);
inline constexpr std::uint64_t text_mark = 0x7fULL << 56;

static_assert(sizeof(bucket) == 128);
static_assert(sizeof(key_text) == 32);
static_assert(unpack_transaction(pack({7, 13, phase::committing})) == transaction{7, 13, phase::committing});

}  // namespace seki::layout
