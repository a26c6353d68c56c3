// Telemetry events: a ring of them in each worker slot. shm/event_ring.hpp is its protocol.
//
//   control   128 bytes         how many events were pushed, taken and lost
//   records   128 bytes each    sixteen words: a seal, and fifteen that say what happened
//
// All zeros is an empty ring.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "layout/word.hpp"

namespace seki::layout {

// What happened. Numbers are never given anew.
enum class event_kind : std::uint8_t {
    none = 0,
    limiter_allow = 1,
    limiter_deny = 2,
    breaker_call = 3,
    breaker_state_change = 4,
    bulkhead_acquire = 5,
    bulkhead_release = 6,
    bulkhead_rejected = 7,
    bulkhead_reclaimed = 8,
    retry_attempt = 9,
    retry_retry = 10,
    retry_success = 11,
    retry_exhausted = 12,
    adaptive_acquire = 13,
    adaptive_release = 14,
    adaptive_rejected = 15,
    adaptive_reclaimed = 16,
    adaptive_limit_change = 17,
    shed_admit = 18,
    shed_shed = 19,
    shed_codel_drop = 20,
    shed_reclaimed = 21,
    hedge_complete = 22,
    health_check = 23  // never in a ring: it is of no primitive
};
inline constexpr event_kind last_event_kind = event_kind::health_check;

// The words of a record behind its seal. Eight words, the seal among them, share a line: an event without key and trace needs only that.
enum event_word : std::size_t {
    event_time = 0,         // CLOCK_MONOTONIC, ns
    event_head = 1,         // pack(event_head)
    event_incarnation = 2,  // of the primitive
    event_who = 3,          // {pid:32 | thread:32} as the process sees itself; only ever shown
    event_first = 4,        // the two measurements of its kind
    event_second = 5,
    event_tag = 6,   // of the key
    event_text = 7,  // how the key begins, zeros behind it
    event_trace_high = 12,
    event_trace_low = 13,
    event_span = 14,
    event_words = 15
};
inline constexpr std::size_t event_text_size = 40;  // an IPv6 address fits

// {key size:16 | entry:16 | detail:8 | result:8 | trace flags:8 | kind:8}. The two that the kind names: the state and the outcome of a call, the
// states before and after a change, why a call is not tried again. A key size of no_key: the event is not about a key; text_kept: its text stands in the record.
inline constexpr std::uint64_t no_key = 0x7fff;
inline constexpr std::uint64_t text_kept = 0x8000;

struct event_header {
    event_kind kind = event_kind::none;
    std::uint8_t trace_flags = 0;
    std::uint8_t result = 0;
    std::uint8_t detail = 0;
    std::uint16_t entry = 0;
    std::uint16_t key_size = no_key;
    bool has_text = false;
    friend bool operator==(const event_header&, const event_header&) = default;
};
constexpr std::uint64_t pack(const event_header& head) noexcept {
    const std::uint64_t key = (head.key_size & no_key) | (head.has_text ? text_kept : 0);
    return key << 48 | std::uint64_t{head.entry} << 32 | std::uint64_t{head.detail} << 24 |
           std::uint64_t{head.result} << 16 | std::uint64_t{head.trace_flags} << 8 |
           static_cast<std::uint64_t>(head.kind);
}
constexpr event_header unpack_event_header(std::uint64_t word) noexcept {
    return {static_cast<event_kind>(word & 0xff),   static_cast<std::uint8_t>(word >> 8),
            static_cast<std::uint8_t>(word >> 16),  static_cast<std::uint8_t>(word >> 24),
            static_cast<std::uint16_t>(word >> 32), static_cast<std::uint16_t>(word >> 48 & no_key),
            (word >> 48 & text_kept) != 0};
}

// Of the ordinary successes, the parts that are told of: {calls and permits:32 | allowed checks:32}, each of 2^32 - 1.
inline constexpr std::uint64_t all_events = 0xffff'ffff;
constexpr std::uint64_t pack_event_sample(double allowed_checks, double others) noexcept {
    const auto part = [](double of_one) {
        return static_cast<std::uint64_t>(of_one * static_cast<double>(all_events));
    };
    return part(others) << 32 | part(allowed_checks);
}
constexpr bool is_sampled(event_kind kind, std::uint64_t sample, std::uint64_t random) noexcept {
    const std::uint64_t part = kind == event_kind::limiter_allow ? sample & all_events : sample >> 32;
    return part == all_events || random >> 32 < part;
}
static_assert(is_sampled(event_kind::limiter_allow, pack_event_sample(1, 0), ~0ULL));
static_assert(!is_sampled(event_kind::bulkhead_acquire, pack_event_sample(1, 0), 0));

// Places of a ring that all other events leave to changes of state: one finds room beside however many calls, and permits of the dead. The changes of
// an adaptive limit, which come with every other window at most, may have half of them.
inline constexpr std::size_t event_reserve = 16;
constexpr std::size_t places_left_by(event_kind kind) noexcept {
    if (kind == event_kind::breaker_state_change) return 0;
    return kind == event_kind::adaptive_limit_change ? event_reserve / 2 : event_reserve;
}

template <std::size_t count>
struct sealed_record {
    word seal;
    std::array<word, count> content;
};

// `words` and `count` are fixed; tests use smaller rings.
template <std::size_t words, std::size_t count>
struct alignas(2 * cache_line) basic_event_ring {
    static constexpr std::size_t content_words = words;
    static constexpr std::size_t capacity = count;

    word pushed;   // events ever published
    word dropped;  // events ever that found no room
    word taken;    // events ever that were read, or passed over
    word torn;     // those of `taken` that were not whole
    word doubted;  // the shared slot's: `pushed`, when a consumer last came upon a record that was not whole
    std::array<word, 11> reserved;
    std::array<sealed_record<words>, count> records;
};
using event_ring = basic_event_ring<event_words, 64>;

// Says that a record is whole and which event it is. A linear sum with odd factors: a change of any one word changes it for sure, one of
// several but for one chance in 2^64 or so; and the multiplications do not wait for each other.
template <std::size_t words>
inline constexpr auto seal_factors = [] {
    std::array<std::uint64_t, words> factors{};
    std::uint64_t factor = 1;
    for (std::uint64_t& each : factors) each = factor *= 0x9e37'79b9'7f4a'7c15ULL;
    return factors;
}();
template <std::size_t words>
constexpr std::uint64_t seal_of(std::uint64_t sequence, const std::array<std::uint64_t, words>& content) noexcept {
    std::uint64_t sum = (sequence + seal_factors<words>.front()) * 0xd134'2543'de82'ef95ULL;
    for (std::size_t i = 0; i < words; ++i) sum += content[i] * seal_factors<words>[i];
    return sum;
}

static_assert(event_text * 8 + event_text_size == event_trace_high * 8);
static_assert(sizeof(sealed_record<event_words>) == 2 * cache_line);
static_assert(sizeof(event_ring) == 65 * 128);
static_assert(offsetof(event_ring, records) == 2 * cache_line);
static_assert(unpack_event_header(pack(event_header{event_kind::breaker_call, 1, 2, 3, 4095, 4096, true})) ==
              event_header{event_kind::breaker_call, 1, 2, 3, 4095, 4096, true});
static_assert(unpack_event_header(pack(event_header{})) == event_header{});

}  // namespace seki::layout
