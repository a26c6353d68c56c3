// The doctor's look at a bulkhead: its terms, those of its permits, and who holds them.
#pragma once

#include "report/examination.hpp"
#include "shm/directory.hpp"

namespace seki::report {

// Of any kind that has permits: their tables, and who holds them. Whether the tables are sound.
bool examine_permits(examination& into, const shm::placement& at);

void examine_bulkhead(examination& into, const shm::placement& at);

}  // namespace seki::report
