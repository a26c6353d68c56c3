// The doctor's look at a policy: its terms, and whether its parts are there.
#pragma once

#include "report/examination.hpp"
#include "shm/directory.hpp"

namespace seki::report {

void examine_policy(examination& into, const shm::placement& at);

}  // namespace seki::report
