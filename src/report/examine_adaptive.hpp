// The doctor's look at an adaptive limit: its terms, its permits, and its limit.
#pragma once

#include "report/examination.hpp"
#include "shm/directory.hpp"

namespace seki::report {

void examine_adaptive(examination& into, const shm::placement& at);

}  // namespace seki::report
