// How long things took, for one primitive: who records is the only writer of its block, who reads adds the blocks up.
//
// 1. What it is: a row of blocks in the primitive's piece of the arena, one for each worker slot and, last, one for the threads that share a slot.
// 2. Who writes what: in the block of a slot the thread that owns the slot, by plain relaxed stores; in the last one everybody, by atomic adds. fill()
//    before the primitive is published.
// 3. Invariant: while a block names an incarnation, its counts and its sum only rise. They belong to the slot, not to its owner: the
//    next owner goes on.
// 4. A death after each step: the count without its nanoseconds, which is one duration too few in the sum.
// 5. A stale read: a little old. Each word only rises, so totals never go down for one and the same reader. A block that names another incarnation
//    counts for nobody: that of a handle which outlived its primitive, where another stands by now, or what somebody scribbled.
// 6. Stores that come late. Who was stopped between its look at the incarnation and its stores, for as long as it takes to delete the primitive and to
//    make another in the same place, writes one count and one sum into what is the same block of a histogram of the same shape still: pieces with
//    histograms keep their kind (shm/directory.hpp, keeps_its_piece). There the next shows up to as many durations of one bucket as this slot had recorded
//    for the last, and one more; by the shared block one more. Nothing decides by a histogram.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>

#include "layout/histogram.hpp"
#include "shm/memory.hpp"
#include "shm/workers.hpp"

namespace seki::shm {

struct durations {
    std::array<std::uint64_t, layout::duration_buckets> counts{};  // of each bucket alone
    std::uint64_t sum_ns = 0;

    [[nodiscard]] std::uint64_t total() const noexcept {
        return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
    }
    friend bool operator==(const durations&, const durations&) = default;
};

template <class Memory = hardware>
class histogram {
public:
    // What a clock that was scribbled or set wrong may say: no longer counts than a year.
    static constexpr std::uint64_t longest = 366ULL * 86'400 * 1'000'000'000;

    [[nodiscard]] static constexpr std::size_t blocks_for(std::uint64_t max_workers) noexcept {
        return static_cast<std::size_t>(max_workers) + 1;
    }
    [[nodiscard]] static constexpr std::uint64_t bytes_for(std::uint64_t max_workers) noexcept {
        return blocks_for(max_workers) * sizeof(layout::histogram_block);
    }

    histogram() = default;  // nowhere: records nothing
    // `blocks`: blocks_for(max_workers) of them; with fewer, the workers without one record nothing.
    histogram(std::span<layout::histogram_block> blocks, std::uint64_t incarnation) noexcept
        : blocks_{blocks}, incarnation_{incarnation} {}

    void fill() const noexcept {
        for (layout::histogram_block& block : blocks_) {
            Memory::store_relaxed(block.sum, 0);
            for (word& count : block.counts) Memory::store_relaxed(count, 0);
            Memory::store_relaxed(block.incarnation, incarnation_);
        }
    }

    // Whether every block counts for it. Somebody scribbled there otherwise, and claim() makes it so again.
    [[nodiscard]] bool sound() const noexcept {
        return std::ranges::all_of(blocks_, [this](const layout::histogram_block& block) {
            return Memory::load_relaxed(block.incarnation) == incarnation_;
        });
    }
    void claim() const noexcept {
        for (layout::histogram_block& block : blocks_) Memory::store_relaxed(block.incarnation, incarnation_);
    }

    [[gnu::always_inline]] void record(const worker& me, std::uint64_t ns) const noexcept {
        const std::size_t index = slot_index(me);
        if (index >= blocks_.size()) return;
        layout::histogram_block& block = blocks_[index];
        if (Memory::load_relaxed(block.incarnation) != incarnation_) [[unlikely]]
            return;
        const std::uint64_t taken = std::min(ns, longest);
        add(block.counts[layout::duration_bucket(taken)], 1, me.shared);
        add(block.sum, taken, me.shared);
    }

    // Only reads. The blocks of slots for which `used(slot)` is false are left alone.
    template <std::predicate<std::size_t> Used>
    [[nodiscard]] durations sum(Used used) const {
        durations all;
        for (std::size_t slot = 0; slot < blocks_.size(); ++slot) {
            const layout::histogram_block& block = blocks_[slot];
            if (!used(slot) || Memory::load_relaxed(block.incarnation) != incarnation_) continue;
            all.sum_ns += Memory::load_relaxed(block.sum);
            for (std::size_t i = 0; i < all.counts.size(); ++i) all.counts[i] += Memory::load_relaxed(block.counts[i]);
        }
        return all;
    }
    [[nodiscard]] durations sum() const {
        return sum([](std::size_t /*slot*/) { return true; });
    }
    [[nodiscard]] durations sum(const segment& where) const {
        return sum([&](std::size_t slot) { return was_used(where, slot); });
    }

private:
    static void add(word& to, std::uint64_t amount, bool shared) noexcept {
        if (shared) [[unlikely]]
            Memory::fetch_add_relaxed(to, amount);
        else
            Memory::store_relaxed(to, Memory::load_relaxed(to) + amount);
    }

    std::span<layout::histogram_block> blocks_;
    std::uint64_t incarnation_ = 0;
};

}  // namespace seki::shm
