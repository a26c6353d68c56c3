// Which stops of a first are left to try against one second, when those are left out that come to the same as one that was tried.
//
// Two stops next to each other differ in when one instruction of the first is done: after the second has gone to its end, or before. If that instruction
// does not meet (reach.hpp) what the second reached when it went from the earlier of the two, the second goes the same way from the later one, word by
// word: nothing that it reads was written. Nor does the instruction find anything that the second wrote; so both come to the same, and the second reaches
// the same from there. One stop at which the second is watched so stands for all that follow, up to the first instruction that it meets. (Mazurkiewicz's
// traces, and the partial orders of model checkers, rest on the same.)
//
// That is exact as far as touches.hpp is, and as two runs differ in nothing but the order: time stands, and who is led to the same place did the same. What
// the instructions of the first reach is seen where the second stands beside it, ready, since whoever gets ready may take a place that the first would find
// free; where the first then goes another way, that way is walked. Taken on trust is that of two runs beside the same second, the first goes the same way
// in both: where it is found not to, it counts as astray, and what was watched there leaves nothing out.
// What is not watched is not known, and leaves nothing out. To watch a second that touches much takes long, and is of no use where the first meets it at
// every turn: where it takes longer than to try what it leaves out, it is done ever more rarely.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "pair_stage.hpp"
#include "reach.hpp"

namespace seki::test {

class stops {
public:
    // So many, before instructions that reach that; or nobody knows what.
    stops(std::size_t all, std::span<const reach> reaches) : all_{all}, reaches_{reaches} {}

    [[nodiscard]] bool any_left() const noexcept { return next_ < all_; }
    // The number of it, among what the first touches.
    [[nodiscard]] std::size_t next() const noexcept { return next_; }
    [[nodiscard]] bool is_to_be_watched() const noexcept { return !reaches_.empty() && unwatched_ == 0; }
    // More would take longer than to try all that are left.
    [[nodiscard]] std::uint64_t most_touches() const noexcept { return touches_for_a_stop * (all_ - next_); }

    // It was tried. The second reached that from there, or nobody watched.
    void tried(const watch* second);

    // The first stop after that one that does not come to the same.
    [[nodiscard]] static std::size_t end_of_the_same(std::span<const reach> all, std::size_t as, const reach& second);

private:
    static constexpr std::uint64_t touches_for_a_stop = 32;  // to watch so many takes about as long as a stop

    std::size_t all_;
    std::span<const reach> reaches_;
    std::size_t next_ = 0;
    unsigned unwatched_ = 0,
             in_vain_ = 0;  // so many are not to be watched; and were not, the latest time that it was in vain
};

}  // namespace seki::test
