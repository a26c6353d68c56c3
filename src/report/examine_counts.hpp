// The doctor's look at what workers count: whether each block is of a primitive for which it can count.
#pragma once

#include "report/examination.hpp"
#include "shm/directory.hpp"

namespace seki::report {

// What everybody counts in: the block of who shares a slot, and durations.
void examine_counts(examination& into, const shm::placement& at);

// The blocks that each worker has of its own, of all entries.
void examine_own_counts(examination& into);

}  // namespace seki::report
