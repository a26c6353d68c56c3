// The primitives of a segment as a list that is kept from one look to the next: for who looks after all of them again and again. Copying an entry
// costs more than all that there is to do for a primitive which is left alone; to see that its incarnation is the same costs a load.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "layout/directory.hpp"
#include "shm/directory.hpp"
#include "shm/segment.hpp"

namespace seki::shm {

// Of one segment, by one thread. What it lists stood at the last look and may be deleted by now, as with directory::list().
class roster {
public:
    roster() = default;
    explicit roster(const segment& where) { look(where); }

    void look(const segment& where);

    // In the order of the entries.
    [[nodiscard]] std::span<const placement> of(layout::kind kind) const noexcept {
        return standing_[static_cast<std::size_t>(kind)];
    }

private:
    std::vector<std::uint64_t> incarnations_;  // of each entry, at the last look
    std::array<std::vector<placement>, static_cast<std::size_t>(layout::last_kind) + 1> standing_;
};

}  // namespace seki::shm
