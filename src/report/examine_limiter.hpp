// The doctor's look at a limiter: its terms, the keys in its table, and its stripes.
#pragma once

#include "report/examination.hpp"
#include "shm/directory.hpp"

namespace seki::report {

void examine_limiter(examination& into, const shm::placement& at);

}  // namespace seki::report
