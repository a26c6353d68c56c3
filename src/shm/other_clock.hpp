// The child of who attached, in another time namespace. Its handles are its parent's, so it was never asked what attach() asks of everybody: by its clock it would take the times of
// all for others than they are, and write its own for all.
#pragma once

#include <cstdint>

#include "shm/segment.hpp"

namespace seki::shm {

// Takes this process off the segment if its clock is known to be set off otherwise than by `offset_ns`, as who attached had it; true then. In the place of what is shared it finds what is left of a
// segment whose memory was given back (segment::give_back_memory), in memory of its own: so every handle says superseded, and who is in the midst of a call hurts nobody. Threads may do it at once.
// Where there is no memory for that, nothing is done.
bool leave_with_other_clock(const segment& where, std::int64_t offset_ns) noexcept;

}  // namespace seki::shm
