// The busiest keys, as each worker saw them, from a sample of its decisions.
//
// 1. What it is: a table of 32 keys in each worker slot (Misra and Gries: a key that finds no place takes one from the count of every key that
//    has, and who has nothing left makes room). A key with more than one in 33 of the slot's samples is in it for sure; a count is never too
//    high, and too low by one 33rd of the samples at most.
// 2. Who writes what: the thread that owns the slot, by release stores. Threads in the shared slot record nothing.
// 3. Invariant: an entry whose incarnation is not 0 has the counts of its tag, or of nobody (zero).
// 4. A death after each step: an entry without an incarnation is a free one.
// 5. A stale read: these are samples for people. A reader may catch an entry between two keys: it looks at the tag and the incarnation again and drops it.
//    Counts are stored with release for that: who reads one of the next key finds the tag of the next key, too (tests/shm/slots_orders_test.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "layout/worker.hpp"
#include "shm/memory.hpp"
#include "shm/segment.hpp"
#include "shm/workers.hpp"

namespace seki::shm {

inline constexpr std::uint64_t sampling_rate = 32;

namespace sampling {

// Draws how many to skip next, 0 to 62 with mean 31: a fixed distance would see only one of several keys that take turns. Answers
// whether this decision is a sample: yes, but for a thread's first, which only gets its place in the sequence.
bool draw() noexcept;

}  // namespace sampling

// True for one decision in sampling_rate. A look and a decrement otherwise.
[[nodiscard]] inline bool sampled() noexcept {
    std::uint32_t& to_skip = attachment::until_sample();
    if (to_skip == 0) [[unlikely]]
        return sampling::draw();
    --to_skip;
    return false;
}

namespace hitting {

template <class Memory>
void bump(layout::hitter& entry, bool allowed) noexcept {
    word& count = allowed ? entry.allowed : entry.denied;
    Memory::store_release(count, Memory::load_relaxed(count) + 1);  // pairs with look_at()
}

template <class Memory>
[[nodiscard]] bool is_free(const layout::hitter& entry) noexcept {
    return Memory::load_relaxed(entry.incarnation) == 0 ||
           (Memory::load_relaxed(entry.allowed) == 0 && Memory::load_relaxed(entry.denied) == 0);
}

// Takes one from the larger count of an entry that is not free.
template <class Memory>
void lower(layout::hitter& entry) noexcept {
    const std::uint64_t allowed = Memory::load_relaxed(entry.allowed);
    const std::uint64_t denied = Memory::load_relaxed(entry.denied);
    if (allowed >= denied)
        Memory::store_release(entry.allowed, allowed - 1);  // pairs with look_at()
    else
        Memory::store_release(entry.denied, denied - 1);
}

template <class Memory>
void replace(layout::hitter& entry, std::uint64_t incarnation, std::uint64_t tag) noexcept {
    Memory::store_relaxed(entry.incarnation, 0);
    Memory::store_release(entry.allowed, 0);
    Memory::store_release(entry.denied, 0);
    Memory::store_release(entry.tag, tag);
    Memory::store_release(entry.incarnation, incarnation);  // pairs with look_at()
}

struct sighting {
    std::uint64_t incarnation = 0, tag = 0, allowed = 0, denied = 0;
};

// An entry that is one key's while it is looked at.
template <class Memory>
[[nodiscard]] std::optional<sighting> look_at(const layout::hitter& entry) noexcept {
    sighting seen{.incarnation = Memory::load_acquire(entry.incarnation)};  // pairs with replace()
    if (seen.incarnation == 0) return std::nullopt;
    seen.tag = Memory::load_acquire(entry.tag);
    seen.allowed = Memory::load_acquire(entry.allowed);
    seen.denied = Memory::load_acquire(entry.denied);
    if (Memory::load_relaxed(entry.tag) != seen.tag || Memory::load_relaxed(entry.incarnation) != seen.incarnation ||
        seen.allowed + seen.denied == 0)
        return std::nullopt;
    return seen;
}

}  // namespace hitting

// Notes a sampled decision about a key.
template <class Memory = hardware>
void record(const worker& me, std::uint64_t incarnation, std::uint64_t tag, bool allowed) noexcept {
    if (me.shared) return;
    layout::hitter* room = nullptr;
    for (layout::hitter& entry : me.slot->hitters) {
        if (Memory::load_relaxed(entry.tag) == tag && Memory::load_relaxed(entry.incarnation) == incarnation)
            return hitting::bump<Memory>(entry, allowed);
        if (room == nullptr && hitting::is_free<Memory>(entry)) room = &entry;
    }
    if (room == nullptr) {  // the newcomer's one is spent on lowering the others
        for (layout::hitter& entry : me.slot->hitters) hitting::lower<Memory>(entry);
        return;
    }
    hitting::replace<Memory>(*room, incarnation, tag);
    hitting::bump<Memory>(*room, allowed);
}

struct busy_key {
    std::uint64_t tag = 0;
    std::uint64_t allowed = 0;  // decisions, estimated
    std::uint64_t denied = 0;
    friend bool operator==(const busy_key&, const busy_key&) = default;
};

// The keys of a limiter that all workers together saw most, the busiest first. Only reads.
[[nodiscard]] std::vector<busy_key> busiest(const segment& where, std::uint64_t incarnation);
// Of every limiter, by its incarnation: the same in one walk.
[[nodiscard]] std::unordered_map<std::uint64_t, std::vector<busy_key>> busiest_of_all(const segment& where);

}  // namespace seki::shm
