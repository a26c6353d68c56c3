// The doctor's look at what workers count: whether each block is of a primitive for which it can count.
#pragma once

#include <vector>

#include "report/examination.hpp"
#include "shm/directory.hpp"

namespace seki::report {

// What everybody counts in: the block of who shares a slot, and durations.
void examine_counts(examination& into, const shm::placement& at);

// The blocks that each worker has of its own, of all entries. `standing`: the primitives that there are.
void examine_own_counts(examination& into, const std::vector<shm::placement>& standing);

// The block of who shares a slot, of entries where nothing stands.
void examine_unclaimed_counts(examination& into);

}  // namespace seki::report
