// What somebody does for all breakers of a segment now and then: sekid at each tick, or whoever else likes to. Callers do without it.
#pragma once

#include <cstddef>

#include "shm/segment.hpp"

namespace seki::primitives {

// Gives back the places of probes whose processes are dead. How many.
std::size_t reclaim_probes(const shm::segment& where);

}  // namespace seki::primitives
