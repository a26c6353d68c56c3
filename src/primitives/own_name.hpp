// The name that a worker's permits and probes carry. It may be dead while the worker lives: who closed all its descriptors and cannot be seen by its pid is
// reaped (docs/design/workers.md). It may be missing: there was no memory to join with, or no room for another process.
#pragma once

#include "shm/workers.hpp"

namespace seki::primitives {

// For slow paths: finds the process another name at once if its own is dead; and at most every 100 ms a thread tries again for one that it has not, or
// takes again the lock that shows that it lives. Whether there is a name then; what me() answered before is void.
bool keep_name(const shm::attachment& in) noexcept;

}  // namespace seki::primitives
