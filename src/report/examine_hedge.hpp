// The doctor's look at a hedge: its terms, its budget, and how long calls took.
#pragma once

#include "report/examination.hpp"
#include "shm/directory.hpp"

namespace seki::report {

void examine_hedge(examination& into, const shm::placement& at);

}  // namespace seki::report
