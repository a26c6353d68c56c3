// The first page of a segment: what it is, how big its parts are, and who looks after it.
//
//   0        header (one page)
//   4096     directory        max_primitives entries
//            processes        max_workers slots (a process needs at least one thread, so there are never more)
//            workers          max_workers slots, and one more that is shared by threads which found none free
//            arena            the tables of the primitives, each page-aligned, placed first-fit
//
// Every part starts on a page. The identity (first 64 bytes) never changes shape, whatever the version: an older or newer
// library can always tell what it has before it, and that it was superseded.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "layout/word.hpp"

namespace seki::layout {

inline constexpr std::uint64_t magic = 0x0a67'6573'696b'6573ULL;  // "sekiseg\n", little-endian
inline constexpr std::uint64_t version = 1;
inline constexpr std::uint64_t page = 4096;
// In `superseded`: of the file there is nothing left but the header.
inline constexpr std::uint64_t emptied = 2;

// Where everything is. Copied to private memory at attach, checked once, never read again.
struct geometry {
    std::uint64_t size = 0;  // of the whole file
    std::uint64_t max_primitives = 0;
    std::uint64_t max_workers = 0;
    std::uint64_t directory_offset = 0;
    std::uint64_t processes_offset = 0;
    std::uint64_t workers_offset = 0;
    std::uint64_t worker_stride = 0;  // bytes from one worker slot to the next
    std::uint64_t arena_offset = 0;   // up to `size`
    friend bool operator==(const geometry&, const geometry&) = default;
};

struct identity {
    word magic;        // 0 until the segment is whole; written last, with release
    word version;      // immutable
    word layout_hash;  // immutable; hash of every size and offset, see layout/hash.hpp
    word size;         // immutable; repeats geometry.size for libraries that do not know the geometry
    // 0 -> 1 once, by who replaces or destroys this file; 1 -> emptied by who gives back its memory, before. Workers look at it in every call.
    word superseded;
    word
        listening;  // 0, or until when (CLOCK_MONOTONIC, ns) somebody wants the events of ordinary calls; by sekid, and by who sees it over
    std::array<word, 2> reserved;
};

struct alignas(page) header {
    identity id;

    // Immutable once `magic` is written.
    geometry parts;
    std::array<std::uint8_t, 16> boot_id;
    std::int64_t monotonic_offset_ns;  // of the creator's time namespace; who attaches must have the same
    std::uint64_t generation;          // rises with each segment of this path (shm/creation.cpp)
    std::uint64_t created_unix_ns;
    std::array<std::uint8_t, 32> seed;  // of the key hashes; printed nowhere

    // Changing. Writers: the holder of the administration lock unless said otherwise.
    alignas(cache_line) word next_incarnation;  // raised before an incarnation is used, so none is used twice
    word owner_pid;                             // of sekid, as it sees itself; 0: none. sekid alone. Only ever shown.
    word owner_start;                           // its start time in clock ticks since boot
    word heartbeat_ns;                          // CLOCK_MONOTONIC of sekid's latest tick. sekid alone.
    word workers_reaped;                        // processes found dead and tidied; fetch_add by whoever tidies
    word reload_requests;                       // fetch_add by `sekictl reload`; sekid reloads when it moved
    word events_missed;  // that came to sekid and not to somebody who listened there; fetch_add by sekid
    word event_sample;   // which parts of the ordinary successes are told of (layout/event.hpp); sekid alone
    word changes_lost;   // of states of breakers, that nobody told of (daemon/change_ledger.hpp); fetch_add by sekid
    word changes_made_good;  // the same, that sekid told of in their place; fetch_add by sekid
};

static_assert(sizeof(identity) == 64);
static_assert(sizeof(header) == page);
static_assert(offsetof(header, parts) == 64);
static_assert(offsetof(header, next_incarnation) % cache_line == 0);

}  // namespace seki::layout
