// The places of requests in flight: as many as there are for all, and more beyond them for who is never refused.
//
// 1. What it is. Two tables of permits (shm/permits.hpp): `within`, whose max is the shedder's, and `beyond`, which is closed as long as nobody needs it.
//    A place of the second has the number of its word and the capacity of the first.
//
// 2. Who writes which word. As in shm/permits.hpp; and the max of `beyond`:
//      max   m -> a multiple of step beyond m and beyond all that are held there   by who found no place in either (CAS)
//      max   m -> 0, and closed               by who counts the requests in flight, when it sees nobody there (CAS)
//
// 3. Invariant. Of the requests that are in flight with one that was counted, no more than it may have with it took their place before it: its CAS comes
//    first, and then it looks at both tables. Where `beyond` is closed nobody holds a place there: who opens it after that look comes after it, and who
//    took a place under terms from before the closing finds them gone and keeps nothing (shm/permits.hpp, 3).
//
// 4. A death after each step. Having opened `beyond`: the next who counts closes it. Between max and closed: likewise; until then it is counted, and empty.
//
// 5. A stale read. None: both tables are read in the one order of all (seq_cst).
#pragma once

#include <algorithm>
#include <cstdint>

#include "shm/permits.hpp"

namespace seki::shm {

template <class Memory = hardware, class Table = permits<Memory>>
class shedder_places {
public:
    using permit = typename Table::permit_type;

    // By how many places `beyond` is opened: whoever counts looks at all of them.
    static constexpr std::uint64_t step = 64;

    shedder_places() = default;  // no place
    shedder_places(Table within, Table beyond) noexcept : within_{within}, beyond_{beyond} {}

    // A place within max, or none. `near`: where to look first.
    template <permit_seeker Seeker>
    [[nodiscard]] permit take(std::uint64_t owner, std::uint32_t near, Seeker&& by) const noexcept {
        return within_.try_take(owner, near, by);
    }

    // A place beyond it, or none when all of these are taken, too.
    template <permit_seeker Seeker>
    [[nodiscard]] permit take_beyond(std::uint64_t owner, Seeker&& by) const noexcept {
        for (int round = 0; round < Table::max_rounds; ++round) {
            if (permit taken = beyond_.take(owner, 0, by)) {
                taken.index += static_cast<std::uint32_t>(within_.capacity());
                return taken;
            }
            // As many may be held under a max that was closed meanwhile, by who saw nobody there and was stopped.
            const std::uint64_t held = beyond_.in_use();
            if (held == beyond_.capacity()) return {};
            const std::uint64_t wanted = (std::max(held, beyond_.max()) / step + 1) * step;
            (void)beyond_.raise_max(std::min<std::uint64_t>(wanted, beyond_.capacity()));
        }
        return {};
    }

    // Whether no more than so many are in flight. For who has just taken a place.
    [[nodiscard]] bool at_most(std::uint64_t most) const noexcept {
        if (beyond_.closed()) [[likely]]
            return within_.at_most(most);
        const std::uint64_t held = beyond_.in_use();
        if (held == 0) beyond_.close();
        return held <= most && within_.at_most(most - held);
    }

    // Gives it back and empties it; see shm/permits.hpp.
    bool give_back(permit& held) const noexcept {
        if (held.index < within_.capacity()) [[likely]]
            return within_.give_back(held);
        held.index -= static_cast<std::uint32_t>(within_.capacity());
        return beyond_.give_back(held);
    }

    // Of dead processes. How many came back.
    template <permit_seeker Seeker>
    std::uint64_t reclaim(Seeker&& by) const noexcept {
        return within_.reclaim(by) + beyond_.reclaim(by);
    }

    [[nodiscard]] std::uint64_t in_use() const noexcept { return within_.in_use() + beyond_.in_use(); }
    [[nodiscard]] const Table& within() const noexcept { return within_; }
    [[nodiscard]] const Table& beyond() const noexcept { return beyond_; }

private:
    Table within_;
    Table beyond_;
};

}  // namespace seki::shm
