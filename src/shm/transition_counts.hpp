// How often a breaker went from one state to another: exactly, whoever died on the way.
//
// 1. What it is. A word for each pair of states, {generation:32 | count:32}: the count, and the latest generation that is in it. The breaker's own word
//    says in which generation it is, and from which state it came (algorithm/breaker.hpp); so anybody can see which transition was the last, and whether it is counted.
// 2. Who writes which word, from what to what.
//      [from][to]   {h, n} -> {g, n+1}   anybody, by CAS, while the breaker is in generation g, which is not h
//    Whoever makes a transition counts it after its swap of the breaker's word, and counts the one before it ahead of that swap.
// 3. Invariants. (a) A generation that is over is counted, for nobody ends one without having seen it counted. (b) None is counted twice: while g lasts
//    its word says {h, n} until one CAS makes it {g, n+1}, and who read {h, n} then fails; a word never says again what it said.
//    (c) What is counted, and one more if the latest generation is not in its word yet, is the number of transitions.
// 4. A death after each step. After the swap of the breaker's word: the transition is counted by whoever makes the next one, and until then who reads
//    adds it. After the CAS: it is counted.
// 5. A stale read. The word is read before the breaker's: who then finds generation g still there read what was not counted, or its CAS fails. Who
//    finds another has nothing to do (a). Who was stopped until the memory is another breaker's finds other generations in both (shm/breaker.hpp, invariant e).
//
// A count goes round after 2^32. Somebody who scribbles may make it anything; the next transition puts the generation right.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "algorithm/breaker.hpp"
#include "layout/breaker.hpp"
#include "shm/memory.hpp"

namespace seki::shm {

namespace breaker_law = algorithm::breaker;

static_assert(layout::breaker_states == breaker_law::states);

// [from][to]
using transition_table = std::array<std::array<std::uint64_t, layout::breaker_states>, layout::breaker_states>;

template <class Memory = hardware>
class transition_counts {
public:
    using words = std::array<std::array<word, layout::breaker_states>, layout::breaker_states>;

    transition_counts(const layout::pair& state, words& counted) noexcept : state_{&state}, counted_{&counted} {}

    // None yet, in the generation `before` the first. Never zeros: who is late expects no such thing. After the breaker's own word, and by releases: who
    // is late, and reads a count here, finds another generation there (5.).
    void fill(std::uint32_t before) const noexcept {
        for (auto& to_each : *counted_)
            for (word& each : to_each) Memory::store_release(each, layout::pack(layout::transition_count{before, 0}));
    }

    // The transition that began a generation, by the first of the breaker's words then. Not if it is counted, or the generation is over.
    void count(std::uint64_t first) const noexcept {
        if (breaker_law::came_from(first) == breaker_law::nowhere) return;
        const std::uint32_t generation = breaker_law::generation_of(first);
        word& to = (*counted_)[breaker_law::came_from(first)][static_cast<std::size_t>(breaker_law::state_of(first))];
        std::uint64_t seen = Memory::load_acquire(to);  // before the look at the breaker's word (5.)
        for (int round = 0; round < max_rounds; ++round) {
            const layout::transition_count counted = layout::unpack_transition_count(seen);
            if (counted.generation == generation || !is_current(generation)) return;
            if (Memory::cas_acq_rel(to, seen, layout::pack(layout::transition_count{generation, counted.count + 1})))
                return;
        }
    }

    // Only reads.
    [[nodiscard]] transition_table look() const noexcept {
        transition_table all{};
        for (int round = 0; round < max_rounds; ++round) {
            const std::uint64_t first = Memory::load_first_acquire(*state_);
            const std::uint32_t generation = breaker_law::generation_of(first);
            const std::size_t came_from = breaker_law::came_from(first);
            const auto state = static_cast<std::size_t>(breaker_law::state_of(first));
            for (std::size_t from = 0; from < all.size(); ++from)
                for (std::size_t to = 0; to < all.size(); ++to) {
                    const auto counted = layout::unpack_transition_count(Memory::load_acquire((*counted_)[from][to]));
                    const bool missing = from == came_from && to == state && counted.generation != generation;
                    all[from][to] = std::uint64_t{counted.count} + (missing ? 1 : 0);
                }
            // Of a generation that ended meanwhile another may be in the word.
            if (is_current(generation)) break;
        }
        return all;
    }

private:
    static constexpr int max_rounds = 1'000;  // lost to others that make transitions, or to a scribbler

    [[nodiscard]] bool is_current(std::uint32_t generation) const noexcept {
        return breaker_law::generation_of(Memory::load_first_acquire(*state_)) == generation;
    }

    const layout::pair* state_;
    words* counted_;
};

}  // namespace seki::shm
