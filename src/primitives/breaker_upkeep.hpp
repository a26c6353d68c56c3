// What somebody does for all breakers of a segment now and then: sekid at each tick, or whoever else likes to. Callers do without it. `standing`: of
// that segment, looked at just before.
#pragma once

#include <cstddef>

#include "shm/administration.hpp"
#include "shm/directory.hpp"
#include "shm/roster.hpp"
#include "shm/segment.hpp"

namespace seki::primitives {

// Gives back the places of probes whose processes are dead. How many.
std::size_t reclaim_probes(const shm::segment& where, const shm::roster& standing);

// Where an administrator died between the terms of a breaker and its window, brings them into agreement. Takes the administration lock if there is
// such a breaker and the lock is free; otherwise the next call will. Does nothing to a segment that is not open for writing, or superseded.
void settle_changes(const shm::segment& where, const shm::roster& standing);
// For who holds the lock.
void settle_changes(const shm::administration& held, const shm::segment& where);
// The same for one, by who found it so in the middle of a call.
void settle_change(const shm::segment& where, const shm::placement& at) noexcept;

}  // namespace seki::primitives
