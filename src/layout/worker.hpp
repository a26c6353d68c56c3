// Who is attached: a process slot for each attachment, a worker slot for each of its threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "layout/event.hpp"
#include "layout/word.hpp"

namespace seki::layout {

// `owner` of a process slot: {generation:48 | who:14 | claimed:1 | live:1}. The lock on the slot's file is what says that the
// process lives; this word gives the holder of that lock a name that nobody had before.
enum class stage : std::uint64_t {
    free = 0,
    live = 1,    // its lock is held, or its process is dead
    claimed = 2  // on its way in or out: its lock may be held or not
};

struct process_state {
    std::uint64_t generation = 0;
    std::uint64_t who = 0;  // 14 bits of a hash of the process's identity; 0 when free
    layout::stage stage = layout::stage::free;
    friend bool operator==(const process_state&, const process_state&) = default;
};
inline constexpr std::uint64_t who_mask = (1 << 14) - 1;

constexpr std::uint64_t pack(process_state s) noexcept {
    return s.generation << 16 | (s.who & who_mask) << 2 | static_cast<std::uint64_t>(s.stage);
}
constexpr process_state unpack_process_state(std::uint64_t word) noexcept {
    return {word >> 16, word >> 2 & who_mask, static_cast<stage>(word & 3)};
}

struct alignas(2 * cache_line) process_slot {
    word owner;
    word pid;            // as the process sees itself; only ever shown, and compared by who shares its pid namespace
    word start_time;     // clock ticks since boot, from /proc/self/stat
    word pid_namespace;  // inode of /proc/self/ns/pid
    word attached_ns;    // CLOCK_MONOTONIC
    std::array<word, 2> command;  // /proc/self/comm, 15 bytes and a zero
    word image;                   // changes with every exec, unlike pid and start time
    word doubted;                 // `owner`, once the doctor found that these describe another
    std::array<word, 7> reserved;
};

// `owner` of a worker slot: 0 free, else pack_worker_owner(process slot, its generation).
constexpr std::uint64_t pack_worker_owner(std::uint64_t process, std::uint64_t generation) noexcept {
    return generation << 16 | (process + 1);
}
constexpr std::uint64_t owner_process(std::uint64_t owner) noexcept { return (owner & 0xffff) - 1; }
constexpr std::uint64_t owner_generation(std::uint64_t owner) noexcept { return owner >> 16; }

// What one worker counted for one primitive. Written by that worker alone. Counts belong to `incarnation` and to nothing
// else: who reads adds up the lines of that incarnation; who writes starts afresh when it finds an older one.
enum counter : std::size_t {
    count_allow,
    count_deny,
    count_shadow,
    cost_allow,
    cost_deny,
    cost_shadow,
    hot_counters,
    count_evicted = hot_counters,
    count_full,
    count_reset,
    count_refund,
    all_counters
};

struct alignas(cache_line) counter_block {
    word incarnation;
    std::array<word, 15> counts;  // the hot ones share the first line with `incarnation`
};

// The busiest keys this worker saw, sampled (Misra and Gries: a newcomer takes the place of the least counted).
struct hitter {
    word incarnation;
    word tag;
    word allowed;  // sampled decisions
    word denied;
};
inline constexpr std::size_t hitters_per_worker = 32;

struct alignas(2 * cache_line) worker_slot {
    word owner;
    word thread;  // kernel thread id as the thread sees itself; only ever shown
    word nonce;   // raised before each use; gives emptied slots stamps that never come twice
    std::array<word, 13> reserved;
    std::array<hitter, hitters_per_worker> hitters;
    event_ring events;
    // followed by max_primitives counter_blocks
};

constexpr std::uint64_t worker_stride(std::uint64_t max_primitives) noexcept {
    return sizeof(worker_slot) + max_primitives * sizeof(counter_block);
}

static_assert(sizeof(process_slot) == 128);
static_assert(unpack_process_state(pack(process_state{5, 77, stage::claimed})) == process_state{5, 77, stage::claimed});
static_assert(sizeof(counter_block) == 128);
static_assert(offsetof(counter_block, counts) + hot_counters * 8 <= cache_line);
static_assert(all_counters <= 15);
static_assert(sizeof(worker_slot) == 128 + 32 * hitters_per_worker + sizeof(event_ring));

}  // namespace seki::layout
