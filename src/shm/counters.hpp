// What each worker counted for each primitive, and the sum over all.
//
// 1. What it is: a block of counters in each worker slot for each directory entry; the blocks of one entry together are its counters.
// 2. Who writes what: in a slot of its own, the thread that owns the slot, by plain relaxed stores. In the shared slot everybody, by
//    atomic adds; there the block's incarnation word carries `shared_mark`, so that the one comparison of the hot path sends the threads that
//    share to the slow path too. Who makes a primitive opens its shared block, holding the administration lock, before publishing it.
// 3. Invariants: a block's incarnation only rises. While it stands its counts only rise. A block says {i} only after its counts were set
//    to zero, or had been counted for {i}.
// 4. A death after each step: some counts zero under an older incarnation: the next owner of the slot zeroes them again. A decision made and not
//    counted: one count is missing. The slot's next owner goes on counting, so nothing is folded, lost or doubled.
// 5. A stale read: the sum is a little old. A sum never goes down for one and the same reader while the primitive lives: each word that it
//    adds only rises, a processor never sees an older value of a word after a newer one, and a block never leaves the incarnation that lives.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "layout/worker.hpp"
#include "shm/memory.hpp"
#include "shm/segment.hpp"
#include "shm/workers.hpp"

namespace seki::shm {

inline constexpr std::uint64_t shared_mark = 1ULL << 63;

using counter_values = std::array<std::uint64_t, layout::all_counters>;

namespace counting {

template <class Memory>
void add(layout::counter_block& block, layout::counter which, std::uint64_t amount) noexcept {
    word& count = block.counts[which];
    Memory::store_relaxed(count, Memory::load_relaxed(count) + amount);
}

// Whether the caller may count there as the only writer. Takes the block over from an older incarnation. A newer one means that the
// caller's handle outlived its primitive.
template <class Memory>
[[nodiscard]] bool own(layout::counter_block& block, std::uint64_t incarnation) noexcept {
    const std::uint64_t found = Memory::load_relaxed(block.incarnation);
    if (found >= incarnation) return found == incarnation;
    for (word& count : block.counts) Memory::store_relaxed(count, 0);
    Memory::store_release(block.incarnation, incarnation);  // pairs with load_acquire in sum()
    return true;
}

// A block that is not, or not yet, ours alone for this incarnation.
template <class Memory>
[[gnu::noinline, gnu::cold]] void add_slowly(const worker& me, layout::counter_block& block, std::uint64_t incarnation,
                                             layout::counter first, std::uint64_t first_amount, layout::counter second,
                                             std::uint64_t second_amount) noexcept {
    if (me.shared) {
        if (Memory::load_relaxed(block.incarnation) != (incarnation | shared_mark)) return;
        Memory::fetch_add_relaxed(block.counts[first], first_amount);
        if (second_amount != 0) Memory::fetch_add_relaxed(block.counts[second], second_amount);
    } else if (own<Memory>(block, incarnation)) {
        add<Memory>(block, first, first_amount);
        add<Memory>(block, second, second_amount);
    }
}

}  // namespace counting

// `entry` was checked against max_primitives when the handle was bound; `incarnation` is never 0.
template <class Memory = hardware>
inline void count(const worker& me, std::uint32_t entry, std::uint64_t incarnation, layout::counter which,
                  std::uint64_t amount) noexcept {
    layout::counter_block& block = me.counters[entry];
    if (Memory::load_relaxed(block.incarnation) != incarnation) [[unlikely]]
        return counting::add_slowly<Memory>(me, block, incarnation, which, amount, which, 0);
    counting::add<Memory>(block, which, amount);
}

// One decision: one more of `which`, and `cost` more of `cost_which`. Two loads and two stores in one cache line.
template <class Memory = hardware>
inline void count_decision(const worker& me, std::uint32_t entry, std::uint64_t incarnation, layout::counter which,
                           layout::counter cost_which, std::uint64_t cost) noexcept {
    layout::counter_block& block = me.counters[entry];
    if (Memory::load_relaxed(block.incarnation) != incarnation) [[unlikely]]
        return counting::add_slowly<Memory>(me, block, incarnation, which, 1, cost_which, cost);
    counting::add<Memory>(block, which, 1);
    counting::add<Memory>(block, cost_which, cost);
}

// By who has no slot of its own, as sekid: in the one that all of these share.
inline void count_shared(const segment& where, std::uint32_t entry, std::uint64_t incarnation, layout::counter which,
                         std::uint64_t amount) noexcept {
    const std::size_t shared = where.parts().max_workers;
    layout::counter_block& block = where.counters(shared)[entry];
    counting::add_slowly<hardware>({.shared = true}, block, incarnation, which, amount, which, 0);
}

// Makes the shared block of an entry ready for a new incarnation. By the holder of the administration lock, before the primitive is
// published: a thread that counts there read `incarnation` from the directory afterwards. One that still counts for the entry's predecessor
// may be between its look at the incarnation and its add: that add lands in the new counts, off by one decision at most for each such thread.
template <class Memory = hardware>
void open_shared_block(layout::counter_block& block, std::uint64_t incarnation) noexcept {
    Memory::store_release(block.incarnation, shared_mark);  // nobody's, so that late adds stop before the zeroing
    for (word& count : block.counts) Memory::store_relaxed(count, 0);
    Memory::store_release(block.incarnation, incarnation | shared_mark);  // pairs with load_acquire in sum()
}

inline void open_shared_block(const segment& where, std::uint32_t entry, std::uint64_t incarnation) noexcept {
    open_shared_block(where.counters(where.parts().max_workers)[entry], incarnation);
}

// Adds a block to `total` if it is of that incarnation. A block that is being taken over for a newer one meanwhile counts for neither.
template <class Memory = hardware>
void add_block(const layout::counter_block& block, std::uint64_t incarnation, counter_values& total) noexcept {
    if (Memory::load_acquire(block.incarnation) != incarnation)
        return;  // pairs with store_release in own(), open_shared_block()
    for (std::size_t i = 0; i < total.size(); ++i) total[i] += Memory::load_relaxed(block.counts[i]);
}

// What all workers, past and present, counted for an entry. Only reads, so it serves read-only and copied segments; an entry out of
// bounds has counted nothing.
[[nodiscard]] inline counter_values sum(const segment& where, std::uint32_t entry, std::uint64_t incarnation) noexcept {
    counter_values total{};
    if (entry >= where.parts().max_primitives) return total;
    for (std::size_t i = 0; i < where.parts().max_workers; ++i)
        if (was_used(where, i)) add_block(where.counters(i)[entry], incarnation, total);
    add_block(where.counters(where.parts().max_workers)[entry], incarnation | shared_mark, total);
    return total;
}

}  // namespace seki::shm
