// What dead processes leave in bulkheads, adaptive limits and shedders: permits, and changes that were not finished. `standing`: of that segment, looked at
// just before.
#pragma once

#include <cstdint>

#include "shm/administration.hpp"
#include "shm/roster.hpp"
#include "shm/segment.hpp"

namespace seki::primitives {

// Gives back every permit that is named after a process which the segment does not list; how many. Right after shm::reap(), which takes the dead off
// the list, these are all that the dead held. And where a scribbler hid what is held, it counts again (shm/permits.hpp, 3 (d)). No system call.
// Does nothing to a segment that is not open for writing, or superseded.
std::uint64_t reclaim_permits(const shm::segment& where, const shm::roster& standing);

// Where an administrator died between the terms of a bulkhead and its maxima, or anybody between an adaptive limit and its maximum, puts them in force. Takes the administration lock if there is
// such a bulkhead and the lock is free; otherwise the next call will. What somebody scribbled there is set right by that: no permit that is out is forgotten.
void finish_changes(const shm::segment& where, const shm::roster& standing);
// For who holds the lock.
void finish_changes(const shm::administration& held, const shm::segment& where);

}  // namespace seki::primitives
