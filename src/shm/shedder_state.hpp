// CoDel's state in shared memory.
//
// 1. What it is: the pair of algorithm/codel.hpp. 2. Who writes it: who is told to by the law, from the pair that it judged by, by one 16-byte CAS.
// 3. Invariants: a request is dropped only by a CAS that made it the one; so of those who are due at once one is dropped, and the others judge again.
// 4. A death: before the CAS nothing happened; after it that request was the dropped one. 5. A stale read: the halves of different pairs: the CAS fails;
// without one nobody is dropped. All of it is hints: nothing is held, and what stands there is out of date an interval later.
#pragma once

#include <cstdint>

#include "algorithm/codel.hpp"
#include "layout/shedder.hpp"
#include "shm/memory.hpp"

namespace seki::shm {

template <class Memory = hardware>
class shedder_state {
public:
    using terms = algorithm::codel::terms;

    // Others were quicker so often: then it is not dropped.
    static constexpr int max_rounds = 100;

    shedder_state() = default;
    explicit shedder_state(layout::shedder_block& block) noexcept : block_{&block} {}

    void fill() const noexcept { Memory::store_pair_release(block_->codel, {}); }

    // Whether a request that waited so long is the one to be dropped. One that may not be is only heard of.
    [[nodiscard]] bool drops(std::uint64_t now, std::uint64_t sojourn, bool may, const terms& law) const noexcept {
        for (int round = 0; round < max_rounds; ++round) {
            const algorithm::codel::packed found = load();
            const auto judged = algorithm::codel::judge(algorithm::codel::unpack(found), now, sojourn, law);
            if (judged.drop && !may) return false;
            const auto next = algorithm::codel::pack(judged.next);
            if (next == found) return false;
            if (Memory::cas_pair(block_->codel, {found.first, found.second}, {next.first, next.second}))
                return judged.drop;
        }
        return false;
    }

    [[nodiscard]] algorithm::codel::position at() const noexcept { return algorithm::codel::unpack(load()); }

    // For the doctor. Perhaps halves of two; each means something alone.
    [[nodiscard]] algorithm::codel::packed words() const noexcept { return load(); }
    void forget(const algorithm::codel::packed& found) const noexcept {
        (void)Memory::cas_pair(block_->codel, {found.first, found.second}, {});
    }

private:
    [[nodiscard]] algorithm::codel::packed load() const noexcept {
        return {Memory::load_first_acquire(block_->codel), Memory::load_second_acquire(block_->codel)};
    }
    layout::shedder_block* block_ = nullptr;
};

}  // namespace seki::shm
