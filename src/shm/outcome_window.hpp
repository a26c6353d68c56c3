// The outcomes a breaker judges by: the last N of the host, or those of the last so many seconds.
//
// 1. What they are. count_window: an end of up to 24 outcomes of two bits, and a ring of full blocks of 24. The end is a pair that also
//    holds the number of outcomes so far, so one compare-and-swap both takes the next place and fills it: no place is ever without
//    its outcome, and nobody can die in between. time_window: sixteen slices, each a pair of {generation, lap} and three counts.
//    Both know nothing of opening: a judge says whether what stands there would open the breaker.
//
// 2. Who writes which word, from what to what. All are 16-byte compare-and-swaps, by anybody who has an outcome:
//      end     {g, n}{block not full}         -> {g, n+1}{and one more}
//      end     {g, n}{full block}             -> {g, n+1}{the one}        after the full block stands in the ring
//      end     {another generation}           -> {g, 1}{the one}          which empties the window
//      ring    {an older block}               -> {g, number}{full block}  after a second look at the end
//      slice   {g, lap}{counts}               -> {g, lap}{counts and one more}
//      slice   {g, older lap} or {another g}  -> {g, lap}{the one}
//      slice   {g, a lap that is yet to come} -> {g, lap}{the one}        it was scribbled, or is of windows of another length
//      end, slices   what it is               -> the same                 by who judges the window after a change of terms: order()
//
// 3. Invariants. (a) While the end is {g, n}, the ring holds every full block of g that a window of its capacity reaches back to. (b) Contents do not
//    recur: numbers go up within a generation. So who replaced the end knows that what he counted under it was the window.
//    (c) Outcomes of g go only to where g stands, or to where another generation stands while g is the breaker's. A late one of g that is
//    written although the breaker has gone on stands under the name of g and is never counted. (d) Under terms that do not change, a count window that is
//    judged holds nothing that would open the breaker: who would bring it there opens instead. So an ok outcome needs
//    no counting except where minimum_calls is reached.
//
// 4. A death after each step. Before the swap of the end the outcome was not told; after it, it is told and judged. A block put into the
//    ring and not yet followed by an end is put there again by the next, with the same content. A slice likewise, but for one thing: two outcomes that go
//    into two slices at once may each be judged without the other (also a good one, which may be the one that reaches minimum_calls); each that has to be
//    judged looks again after its swap, and if the later one dies before that, the next bad outcome, or the next slice, judges.
//
// 5. Stale and torn reads. Pairs are read in two loads; whoever writes proves by the swap that the halves were one, and whoever only
//    answers that the window would open the breaker has looked at the end (or slice) again. Who was stopped finds the end or the slice gone and
//    starts over. What somebody scribbled is counted as it stands, and can be wrong for at most one window.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "algorithm/breaker.hpp"
#include "layout/breaker.hpp"
#include "shm/memory.hpp"

namespace seki::shm {

namespace breaker_law = algorithm::breaker;

enum class recorded : std::uint8_t {
    counted,
    trips,     // the window with this outcome in it asks for opening
    late,      // the breaker or the window went on without it
    hindered,  // gave up after max_rounds: only possible when somebody scribbles on the window
};

// An outcome that loses its race starts over, and each time another outcome went in.
inline constexpr int max_window_rounds = 100'000;
// Full blocks that one outcome, or one look, counts in all its rounds: hundreds of times the largest window. Who starts over counts what came meanwhile, and no more;
// but where somebody scribbles on the end it may be all of them, each time.
inline constexpr std::uint64_t max_blocks_counted = 1'000'000;

template <class Memory>
[[nodiscard]] layout::pair_value read_halves(const layout::pair& p) noexcept {
    const std::uint64_t first = Memory::load_first_acquire(p);  // pairs with cas_pair() of whoever wrote it
    return {first, Memory::load_second_acquire(p)};
}

// Swaps a pair for itself: who swaps it later sees all that was written before this.
template <class Memory>
void swap_for_itself(layout::pair& p) noexcept {
    for (int round = 0; round < max_window_rounds; ++round) {
        const layout::pair_value seen = read_halves<Memory>(p);
        if (Memory::cas_pair(p, seen, seen)) return;
    }
}

template <class Memory = hardware>
class count_window {
public:
    using tally = breaker_law::tally;

    // `ring`: at least 3 blocks.
    count_window(layout::pair& end, std::span<layout::pair> ring) noexcept : end_{&end}, ring_{ring} {}

    // Puts in an outcome of `generation`. `is_current()` says whether that is the breaker's generation now. With `opens`, an outcome that would open
    // the breaker is not written: the window is over with it.
    template <class IsCurrent>
    [[nodiscard]] recorded push(std::uint32_t generation, breaker_law::outcome outcome, const breaker_law::terms& law,
                                bool opens, IsCurrent&& is_current) const noexcept {
        running_sum full_blocks;
        for (int round = 0; round < max_window_rounds && full_blocks.counted < max_blocks_counted; ++round) {
            const layout::pair_value seen = read_halves<Memory>(*end_);
            layout::outcome_block end = layout::unpack_outcome_block(seen);
            if (end.generation != generation) {
                if (!is_current()) return recorded::late;
                end = {.generation = generation};
            }
            bool trips = false;
            if (outcome != breaker_law::outcome::ok || end.number + 1 == breaker_law::least_calls(law) || !opens)
                trips = breaker_law::trips(tally_with(end, outcome, law, full_blocks), law);
            if (trips && opens) {
                if (read_halves<Memory>(*end_) == seen) return recorded::trips;
                continue;
            }
            if (is_full(end) && !keep(end, seen)) continue;
            if (Memory::cas_pair(*end_, seen, layout::pack(followed_by(end, outcome))))
                return trips ? recorded::trips : recorded::counted;
        }
        return recorded::hindered;
    }

    // push() of an ok outcome where nothing has to be judged and no block is full, in a few tries. False: nothing was done.
    [[nodiscard, gnu::always_inline]] bool push_ok(std::uint32_t generation, std::uint64_t least) const noexcept {
        for (int round = 0; round < 4; ++round) {
            const layout::pair_value seen = read_halves<Memory>(*end_);
            const layout::outcome_block end = layout::unpack_outcome_block(seen);
            if (end.generation != generation || end.number % in_block == 0 || end.number + 1 == least) [[unlikely]]
                return false;
            if (Memory::cas_pair(*end_, seen, layout::pack(followed_by(end, breaker_law::outcome::ok)))) [[likely]]
                return true;
        }
        return false;
    }

    // Between what was published before and every outcome that is put in after it.
    void order() const noexcept { swap_for_itself<Memory>(*end_); }

    // What stands in the window of that generation now.
    [[nodiscard]] tally look(std::uint32_t generation, const breaker_law::terms& law) const noexcept {
        running_sum full_blocks;
        for (int round = 0; round < max_window_rounds && full_blocks.counted < max_blocks_counted; ++round) {
            const layout::pair_value seen = read_halves<Memory>(*end_);
            const layout::outcome_block end = layout::unpack_outcome_block(seen);
            if (end.generation != generation) return {};
            const tally sum = tally_of(end, std::min(end.number, size(law)), full_blocks);
            if (read_halves<Memory>(*end_) == seen) return sum;
        }
        return {};
    }

private:
    static constexpr std::uint64_t in_block = layout::outcomes_in_block;

    // Errors and slow ones of the full blocks [first, last), kept from one try to the next: counting a large window anew each time, somebody
    // with an error, or who only looks, would always lose to those who have nothing to count. A block of which halves of two were read is not kept: it was
    // written over, so it has left the window by the next try, and what leaves is read again (move_to()). `counted`: blocks that were read for it.
    struct running_sum {
        std::uint64_t first = 0, last = 0, errors = 0, slow = 0;
        std::uint64_t counted = 0;
    };

    static bool is_full(const layout::outcome_block& end) noexcept {
        return end.number > 0 && end.number % in_block == 0;
    }

    static layout::outcome_block followed_by(layout::outcome_block end, breaker_law::outcome outcome) noexcept {
        const std::uint64_t at = end.number % in_block;
        const auto bits = static_cast<std::uint64_t>(outcome);
        end.outcomes = at == 0 ? bits : end.outcomes | bits << 2 * at;
        end.number = (end.number + 1) & layout::outcome_count_mask;
        return end;
    }

    [[nodiscard]] std::uint64_t size(const breaker_law::terms& law) const noexcept {
        return std::clamp<std::uint64_t>(law.window, 1, (ring_.size() - 2) * in_block);
    }

    static void add(std::uint64_t outcomes, std::uint64_t& errors, std::uint64_t& slow) noexcept {
        constexpr std::uint64_t low = 0x5555'5555'5555;
        const std::uint64_t high_bits = outcomes >> 1 & low;
        slow += static_cast<unsigned>(std::popcount(high_bits & outcomes));
        errors += static_cast<unsigned>(std::popcount(high_bits & ~outcomes));
    }

    [[nodiscard]] layout::pair& place_of(std::uint64_t block) const noexcept { return ring_[block % ring_.size()]; }

    [[nodiscard]] std::optional<std::uint64_t> full_block(std::uint32_t generation,
                                                          std::uint64_t number) const noexcept {
        const auto found = layout::unpack_outcome_block(read_halves<Memory>(place_of(number)));
        if (found.generation != generation || found.number != number) return std::nullopt;
        return found.outcomes;
    }

    // Puts the full block of the end where it belongs. False: look again.
    [[nodiscard]] bool keep(const layout::outcome_block& end, layout::pair_value seen) const noexcept {
        const std::uint64_t number = end.number / in_block - 1;
        const layout::pair_value kept = layout::pack(layout::outcome_block{end.generation, number, end.outcomes});
        layout::pair& place = place_of(number);
        const layout::pair_value there = read_halves<Memory>(place);
        if (there == kept) return true;
        // While the end has not moved, what was there is older. A late one would put an old block over a newer one.
        if (read_halves<Memory>(*end_) != seen) return false;
        return Memory::cas_pair(place, there, kept);
    }

    // The window as it would be with one more outcome.
    [[nodiscard]] tally tally_with(const layout::outcome_block& end, breaker_law::outcome outcome,
                                   const breaker_law::terms& law, running_sum& full_blocks) const noexcept {
        tally sum = tally_of(end, std::min(end.number, size(law) - 1), full_blocks);
        ++sum.total;
        sum.errors += outcome == breaker_law::outcome::error ? 1U : 0U;
        sum.slow += outcome == breaker_law::outcome::slow ? 1U : 0U;
        return sum;
    }

    // Of the last `n` outcomes before and in `end`. Means something if the end has not moved meanwhile.
    [[nodiscard]] tally tally_of(const layout::outcome_block& end, std::uint64_t n,
                                 running_sum& full_blocks) const noexcept {
        tally sum{.total = n};
        if (n == 0) return sum;
        const std::uint64_t from = end.number - n;
        const std::uint64_t oldest = from / in_block;
        const std::uint64_t newest = (end.number - 1) / in_block;
        const std::uint64_t skipped = 2 * (from % in_block);
        if (oldest == newest) {
            add(end.outcomes >> skipped, sum.errors, sum.slow);
            return sum;
        }
        add(end.outcomes, sum.errors, sum.slow);
        add(full_block(end.generation, oldest).value_or(0) >> skipped, sum.errors, sum.slow);
        move_to(full_blocks, end.generation, oldest + 1, newest);
        sum.errors += full_blocks.errors;
        sum.slow += full_blocks.slow;
        return sum;
    }

    void move_to(running_sum& sum, std::uint32_t generation, std::uint64_t first, std::uint64_t last) const noexcept {
        bool kept = sum.first <= first && first <= sum.last && sum.last <= last;
        std::uint64_t gone_errors = 0, gone_slow = 0;
        for (std::uint64_t block = sum.first; kept && block < first; ++block) {
            const auto outcomes = full_block(generation, block);
            kept = outcomes.has_value();
            add(outcomes.value_or(0), gone_errors, gone_slow);
            ++sum.counted;
        }
        sum = kept ? running_sum{first, sum.last, sum.errors - gone_errors, sum.slow - gone_slow, sum.counted}
                   : running_sum{first, first, 0, 0, sum.counted};
        sum.counted += last - sum.last;
        for (; sum.last < last; ++sum.last) add(full_block(generation, sum.last).value_or(0), sum.errors, sum.slow);
    }

    layout::pair* end_;
    std::span<layout::pair> ring_;
};

template <class Memory = hardware>
class time_window {
public:
    using tally = breaker_law::tally;
    using nanos = algorithm::nanos;

    explicit time_window(std::span<layout::pair, layout::outcome_slices> slices) noexcept : slices_{slices} {}

    // Puts in an outcome of `generation` that came at `now`. `clock()` reads the clock anew: an outcome that asks for opening is judged by what
    // stands there when it asks, however long its process was stopped.
    template <class IsCurrent, class Now>
    [[nodiscard]] recorded push(std::uint32_t generation, breaker_law::outcome outcome, nanos now,
                                const breaker_law::terms& law, bool opens, IsCurrent&& is_current,
                                Now&& clock) const noexcept {
        for (int round = 0; round < max_window_rounds; ++round) {
            const when at = locate(now, law);
            layout::pair& slice = slices_[at.index];
            const layout::pair_value seen = read_halves<Memory>(slice);
            layout::outcome_slice counts = layout::unpack_outcome_slice(seen);
            bool judged = outcome != breaker_law::outcome::ok || !opens;
            if (counts.generation != generation || counts.lap != at.lap) {
                if (counts.generation == generation) {
                    if (is_ahead(counts.lap, at.lap) && !is_ahead(counts.lap, latest_lap(at.index, clock(), law)))
                        return recorded::late;
                } else if (!is_current()) {
                    return recorded::late;
                }
                counts = {.generation = generation, .lap = at.lap};
                judged = true;  // time has passed, and good outcomes may have gone with it
            }
            judged = judged || counts.ok + counts.errors + counts.slow < law.minimum_calls;
            count_one(counts, outcome);
            const bool trips = judged && breaker_law::trips(sum_with(generation, at, counts), law);
            if (trips && opens) {
                const nanos later = clock();
                if (locate(later, law).number > at.number)
                    now = later;
                else if (read_halves<Memory>(slice) == seen)
                    return recorded::trips;
                continue;
            }
            if (!Memory::cas_pair(slice, seen, layout::pack(counts))) continue;
            // Another may have gone into another slice meanwhile, and been judged without this one.
            if (judged && opens && breaker_law::trips(look(generation, clock(), law), law)) return recorded::trips;
            return trips ? recorded::trips : recorded::counted;
        }
        return recorded::hindered;
    }

    void order() const noexcept {
        for (layout::pair& slice : slices_) swap_for_itself<Memory>(slice);
    }

    [[nodiscard]] tally look(std::uint32_t generation, nanos now, const breaker_law::terms& law) const noexcept {
        tally sum;
        const when at = locate(now, law);
        for (std::size_t i = 0; i < slices_.size(); ++i) add_slice(sum, i, generation, at);
        return sum;
    }

private:
    struct when {
        std::uint64_t number = 0;
        std::size_t index = 0;
        std::uint32_t lap = 0;
    };

    // Sixteen slices, the present one among them, never reach back further than the window.
    static when locate(nanos now, const breaker_law::terms& law) noexcept {
        const std::uint64_t length = std::max<std::uint64_t>(law.window / layout::outcome_slices, 1);
        const std::uint64_t number = now / length;
        return {number, number % layout::outcome_slices, static_cast<std::uint32_t>(number / layout::outcome_slices)};
    }

    static bool is_ahead(std::uint32_t lap, std::uint32_t of) noexcept {
        return static_cast<std::int32_t>(lap - of) > 0;
    }
    // That a slice can have been written in, by whoever's clock. A later one was nobody's, or of windows of another length.
    static std::uint32_t latest_lap(std::size_t index, nanos now, const breaker_law::terms& law) noexcept {
        const when at = locate(now + breaker_law::clock_slack, law);
        return index <= at.index ? at.lap : at.lap - 1;
    }

    static void count_one(layout::outcome_slice& counts, breaker_law::outcome outcome) noexcept {
        if (counts.ok == layout::max_slice_ok || counts.errors == layout::max_slice_bad ||
            counts.slow == layout::max_slice_bad) {
            counts.ok /= 2;
            counts.errors /= 2;
            counts.slow /= 2;
        }
        counts.ok += outcome == breaker_law::outcome::ok ? 1U : 0U;
        counts.errors += outcome == breaker_law::outcome::error ? 1U : 0U;
        counts.slow += outcome == breaker_law::outcome::slow ? 1U : 0U;
    }

    static void add(tally& sum, const layout::outcome_slice& counts) noexcept {
        sum.total += counts.ok + counts.errors + counts.slow;
        sum.errors += counts.errors;
        sum.slow += counts.slow;
    }

    // Slices up to the present one are of its lap, those behind it of the lap before.
    void add_slice(tally& sum, std::size_t i, std::uint32_t generation, const when& at) const noexcept {
        const std::uint64_t tag = layout::slice_tag(generation, i <= at.index ? at.lap : at.lap - 1);
        const layout::pair_value found = read_halves<Memory>(slices_[i]);
        if (found.first != tag || Memory::load_first_acquire(slices_[i]) != tag) return;
        add(sum, layout::unpack_outcome_slice(found));
    }

    [[nodiscard]] tally sum_with(std::uint32_t generation, const when& at,
                                 const layout::outcome_slice& present) const noexcept {
        tally sum;
        add(sum, present);
        for (std::size_t i = 0; i < slices_.size(); ++i)
            if (i != at.index) add_slice(sum, i, generation, at);
        return sum;
    }

    std::span<layout::pair, layout::outcome_slices> slices_;
};

}  // namespace seki::shm
