// The retry budget that all processes of a host share: one pair, moved by whoever retries (the law: algorithm/retry_budget.hpp).
//
// 1. What it is: {calls counted when the window began; when that was, retries left in it}. The calls themselves stand in the workers' own counters: who
//    succeeds writes his own block and reads no clock, and only the first retry of a window adds up what all have counted.
// 2. Who writes what: whoever retries, by one compare-and-swap from the very pair that he read. While the window runs: one less left. When it is over:
//    the next window, with what it allows but for the one retry that he takes himself. A denial writes nothing; but where a new window allows nothing,
//    who finds that begins it all the same.
// 3. Invariants: a pair never recurs: `left` only falls while a window runs, and the next one begins at least a second later. So of each retry that a
//    window allows one caller is told yes. `calls` only rises, and each call is in the sum of one window. It rests on the order: the pair is
//    read before all else. Who reads the clock first, and is stopped, would take the window of others for one of the future, and
//    begin another; who adds up first would begin with fewer calls than stood there, and those between would back retries twice; who reads the terms first would allow what
//    they allow no more. And who looks first whether the budget stands, and is stopped until it was deleted and another made of its memory (shm/directory.hpp, keeps_its_piece),
//    would begin a window of that one by the calls of his own. There is no pair of the next one before the first is gone; so a swap that comes after its deletion expects a pair
//    that is the first's alone, or stood in both, which were made within one millisecond, unused.
// 4. A death after each step: before the swap nothing happened; after it one retry is taken that nobody makes. Never one too many.
//    Somebody who scribbles on the pair without end makes take() answer no: after max_rounds swaps that were lost, or max_windows that could not be begun.
// 5. A stale read: of the pair, a swap that fails, or a denial in the first moment of a new window. Of the counters, some calls that count for the
//    next window instead.
#pragma once

#include <cstdint>
#include <utility>

#include "algorithm/retry_budget.hpp"
#include "layout/retry.hpp"
#include "shm/memory.hpp"

namespace seki::shm {

template <class Memory = hardware>
class retry_budget {
public:
    using terms = algorithm::retry_budget::terms;
    using position = algorithm::retry_budget::position;

    // A swap is lost to another's retry, or to a window that another began. So often only to a scribbler: then no retry is made.
    static constexpr int max_rounds = 1'000;
    // A window lasts a second, and to begin one takes the sum of what all workers counted.
    static constexpr int max_windows = 4;

    explicit retry_budget(layout::retry_block& block) noexcept : block_{&block} {}

    // Before anybody can see it: the first window begins now, with what nobody has to earn.
    void fill(const terms& by, std::uint64_t now_ms) const noexcept {
        Memory::store_pair_release(block_->budget, pack(algorithm::retry_budget::begin(by, {}, now_ms, 0)));
    }

    // Whether one more retry may be made; then it is taken. stands() says whether the budget is still the one that is asked; clock() answers milliseconds of
    // CLOCK_MONOTONIC, law() the terms, calls() what all workers have counted.
    template <class Standing, class Time, class Law, class Count>
    [[nodiscard]] bool take(Standing stands, Time clock, Law law, Count calls) const noexcept {
        int windows = 0;
        for (int round = 0; round < max_rounds; ++round) {
            const pair_value found = load();
            if (!stands()) return false;
            position at = unpack(found);
            const std::uint64_t now_ms = clock();
            // One word said it, so no halves of two windows; and nothing is written.
            const bool runs = algorithm::retry_budget::runs(at, now_ms);
            if (runs && at.left == 0) return false;
            if (!runs) {
                if (++windows > max_windows) return false;
                const std::uint64_t counted = calls();  // and then the terms: no later calls are backed by these
                at = algorithm::retry_budget::begin(law(), at, now_ms, counted);
            }
            const bool granted = at.left != 0;
            if (granted) --at.left;
            if (Memory::cas_pair(block_->budget, found, pack(at))) return granted;
        }
        return false;
    }

    // Perhaps halves of two: for people.
    [[nodiscard]] position look() const noexcept { return unpack(load()); }

    // For the doctor, when what stands there is nothing that anybody could have written: a window that allows nothing.
    void set_right(std::uint64_t now_ms, std::uint64_t calls) const noexcept {
        (void)Memory::cas_pair(block_->budget, load(), pack({.start_ms = now_ms, .left = 0, .calls = calls}));
    }

private:
    // Acquire, which pairs with the swap: who reads its `calls` sees in every counter at least what was added up for it.
    [[nodiscard]] pair_value load() const noexcept {
        const std::uint64_t calls = Memory::load_first_acquire(block_->budget);
        return {calls, Memory::load_second_acquire(block_->budget)};
    }
    [[nodiscard]] static position unpack(const pair_value& found) noexcept {
        const layout::budget_window window = layout::unpack_budget_window(found.second);
        return {.start_ms = window.start_ms, .left = window.left, .calls = found.first};
    }
    [[nodiscard]] static pair_value pack(const position& at) noexcept {
        return {at.calls, layout::pack(layout::budget_window{at.start_ms, at.left})};
    }

    layout::retry_block* block_;
};

}  // namespace seki::shm
