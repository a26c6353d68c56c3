// What somebody does for all limiters of a segment now and then: sekid at each tick, or whoever else likes to. Checks do without it: an insert
// clears what it needs. But the text of a key that nobody uses any more would stay in memory until another key happens to want its slot.
#pragma once

#include <cstdint>

#include "shm/roster.hpp"
#include "shm/segment.hpp"

namespace seki::primitives {

// What one turn looks at, at most: some tens of microseconds. At sekid's 20 turns a second a table of 65536 keys is gone over in 1.6 s.
inline constexpr std::uint64_t slots_a_turn = 4096;

// Goes over `count` slots of all key tables, from number `first` on, as if the tables were one ring: clears keys that are as good as new, wipes their
// texts, finishes inserts that dead processes left in the stripes, and marks what has no mark of a text. Who calls it with first, first + count and so on comes by everywhere;
// nothing is looked at twice in one call. How many keys it cleared; seki_limiter_evictions_total does not count them, for they made room for
// nobody. No decision changes. `standing`: of that segment, looked at just before. Does nothing to a segment that is not open for writing, or superseded.
std::uint64_t sweep(const shm::segment& where, const shm::roster& standing, std::uint64_t first,
                    std::uint64_t count = slots_a_turn);

}  // namespace seki::primitives
