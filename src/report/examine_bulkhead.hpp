// The doctor's look at a bulkhead: its terms, those of its permits, and who holds them.
#pragma once

#include "report/examination.hpp"
#include "shm/directory.hpp"

namespace seki::report {

void examine_bulkhead(examination& into, const shm::placement& at);

}  // namespace seki::report
