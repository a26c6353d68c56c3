// How long the calls of the host took in the last 14 to 16 seconds, by all processes into one table.
//
// 1. What it is: a word for each bucket of each slice (algorithm/latency.hpp), which says which slice it is of and how many calls it counts; and the last
//    answer to which duration a share of them did not exceed, with when it was found out.
// 2. Who writes what: a word, whoever made a call, by compare-and-swap from what he read. The answer, whoever finds it a tenth of a second old and was the
//    first to say so, by compare-and-swap of the time.
// 3. Invariant: a word counts the calls that were recorded for its slice, each once. Nothing depends on two words: no sum, nothing to be emptied.
//    One who records and loses max_rounds swaps, which only a scribbler can bring about, goes away uncounted.
// 4. A death after each step: before the swap the call is not counted, after it it is. Who dies on the way to an answer leaves the old one for another
//    tenth of a second.
// 5. A stale read: an answer from a moment before. Nothing decides by it but when one more attempt is made, and that is bounded by the budget.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "algorithm/latency.hpp"
#include "layout/hedge.hpp"
#include "shm/memory.hpp"

namespace seki::shm {

template <class Memory = hardware>
class latency_window {
public:
    static constexpr std::uint64_t answer_lasts_ms = 100;
    // With fewer calls than these a share of them says nothing.
    static constexpr std::uint64_t least_calls = 20;
    static constexpr int max_rounds = 1'000;

    explicit latency_window(layout::latency_block& block) noexcept : block_{&block} {}

    // Before anybody can see it.
    void fill() const noexcept {
        Memory::store_relaxed(block_->asked_ms, 0);
        Memory::store_relaxed(block_->answer_ns, 0);
        for (auto& slice : block_->tallies)
            for (word& each : slice) Memory::store_relaxed(each, 0);
    }

    // A call that took `ns` and ended at `now_ms`. A swap is lost to another call that is counted.
    void record(std::uint64_t now_ms, std::uint64_t ns) const noexcept {
        namespace law = algorithm::latency;
        const std::uint32_t slice = law::slice_of(now_ms);
        word& at = block_->tallies[slice % law::slices][law::bucket_of(ns)];
        std::uint64_t found = Memory::load_relaxed(at);
        for (int round = 0; round < max_rounds; ++round) {
            const law::tally next = law::add(unpack(found), slice);
            if (next == unpack(found) || Memory::cas_acq_rel(at, found, pack(next))) return;
        }
    }

    // Only reads.
    [[nodiscard]] algorithm::latency::counts look(std::uint64_t now_ms) const noexcept {
        namespace law = algorithm::latency;
        law::counts all{};
        const std::uint32_t now = law::slice_of(now_ms);
        for (const auto& slice : block_->tallies)
            for (std::size_t i = 0; i < slice.size(); ++i)
                all[i] += law::counted(unpack(Memory::load_relaxed(slice[i])), now);
        return all;
    }

    // For the doctor: how many words count calls of a slice that has not begun, which nobody can have made. The clock is read after all of them.
    template <class Time>
    [[nodiscard]] std::uint64_t count_ahead(Time clock) const noexcept {
        namespace law = algorithm::latency;
        std::array<std::uint32_t, law::slices * law::buckets> found{};
        std::size_t next = 0;
        for (const auto& slice : block_->tallies)
            for (const word& each : slice) found[next++] = unpack(Memory::load_acquire(each)).slice;
        const std::uint32_t now = law::slice_of(clock());
        return static_cast<std::uint64_t>(
            std::ranges::count_if(found, [now](std::uint32_t of) { return is_ahead(of, now); }));
    }
    void forget_ahead(std::uint64_t now_ms) const noexcept {
        for (auto& slice : block_->tallies)
            for (word& each : slice)
                if (std::uint64_t found = Memory::load_relaxed(each);
                    is_ahead(unpack(found).slice, algorithm::latency::slice_of(now_ms)))
                    (void)Memory::cas_acq_rel(each, found, 0);
    }

    // For the doctor: how many words count calls of a slice that belongs elsewhere.
    [[nodiscard]] std::uint64_t count_misplaced() const noexcept {
        std::uint64_t found = 0;
        for (std::size_t row = 0; row < block_->tallies.size(); ++row)
            for (const word& each : block_->tallies[row])
                found += is_misplaced(Memory::load_relaxed(each), row) ? 1U : 0U;
        return found;
    }
    void forget_misplaced() const noexcept {
        for (std::size_t row = 0; row < block_->tallies.size(); ++row)
            for (word& each : block_->tallies[row])
                if (std::uint64_t found = Memory::load_relaxed(each); is_misplaced(found, row))
                    (void)Memory::cas_acq_rel(each, found, 0);
    }
    // Whether the answer is one that find_out() gives, since a time that has been.
    template <class Time>
    [[nodiscard]] bool has_sound_answer(Time clock) const noexcept {
        namespace law = algorithm::latency;
        const std::uint64_t answer = Memory::load_acquire(block_->answer_ns);
        const std::uint64_t asked = Memory::load_acquire(block_->asked_ms);
        return asked <= clock() && (answer == 0 || answer == law::end_of(law::bucket_of(answer)));
    }
    void forget_answer() const noexcept {
        Memory::store_relaxed(block_->answer_ns, 0);
        Memory::store_relaxed(block_->asked_ms, 0);
    }

    // What so many thousandths of the calls did not exceed, a tenth of a second ago at most; 0 where there were too few.
    [[nodiscard]] std::uint64_t quantile(std::uint64_t now_ms, std::uint64_t thousandths) const noexcept {
        std::uint64_t asked = Memory::load_relaxed(block_->asked_ms);
        // One of the future is nobody's.
        const bool holds = asked <= now_ms && now_ms - asked < answer_lasts_ms;
        if (!holds && Memory::cas_acq_rel(block_->asked_ms, asked, now_ms))
            Memory::store_relaxed(block_->answer_ns, find_out(now_ms, thousandths));
        return Memory::load_relaxed(block_->answer_ns);
    }
    // The same, as it is now.
    [[nodiscard]] std::uint64_t find_out(std::uint64_t now_ms, std::uint64_t thousandths) const noexcept {
        namespace law = algorithm::latency;
        const law::counts all = look(now_ms);
        return law::total(all) < least_calls ? 0 : law::quantile(all, thousandths);
    }

private:
    // Numbers of slices do not come round in the life of a host.
    [[nodiscard]] static bool is_ahead(std::uint32_t slice, std::uint32_t now) noexcept { return slice > now; }
    [[nodiscard]] static bool is_misplaced(std::uint64_t word, std::size_t row) noexcept {
        return word != 0 && unpack(word).slice % algorithm::latency::slices != row;
    }
    [[nodiscard]] static algorithm::latency::tally unpack(std::uint64_t word) noexcept {
        return {static_cast<std::uint32_t>(word >> 32), static_cast<std::uint32_t>(word)};
    }
    [[nodiscard]] static std::uint64_t pack(const algorithm::latency::tally& of) noexcept {
        return std::uint64_t{of.slice} << 32 | of.count;
    }

    layout::latency_block* block_;
};

static_assert(algorithm::latency::buckets == layout::latency_buckets &&
              algorithm::latency::slices == layout::latency_slices);

}  // namespace seki::shm
