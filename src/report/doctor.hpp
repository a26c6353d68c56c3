// Checks every invariant of a segment, says which do not hold, and mends them.
//
// A sound segment in full use has no findings: what examine() reports cannot come from a process that was stopped or killed, only from somebody who wrote
// where nobody should. Things in between (an insert under way, the slots of a process that just died) are not findings.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/invariant.hpp"
#include "shm/segment.hpp"

namespace seki::report {

struct finding {
    invariant broken;
    std::string where;  // limiter "login", slot 17
    std::string what;   // what is wrong, and what repair() does about it
    // Which terms it was judged by: counts their changes.
    std::uint64_t terms_version = 0;

    friend bool operator==(const finding&, const finding&) = default;
};

// At most `most` findings; only reads, so it serves copies. A copy that was made while processes worked is not of one instant, and two halves
// that do not belong together can look like a mistake: what is wrong stands in the next copy too, bit for bit (confirmed()).
[[nodiscard]] std::vector<finding> examine(const shm::segment& where, std::size_t most = 1000);

// Those of `now` that were there before.
[[nodiscard]] std::vector<finding> confirmed(std::vector<finding> now, const std::vector<finding>& before);

// Mends what examine() finds, holding the administration lock; answers how many repairs were made. Keys that cannot be trusted are
// forgotten, terms give way to those of the creation, primitives of which nothing can be trusted are deleted. `most`: of so many findings at a time, which
// are some hundred bytes each.
[[nodiscard]] Result<std::size_t> repair(const shm::segment& where, std::size_t most = 100'000);

}  // namespace seki::report
