// The doctor's look at a retry: its terms, and its budget.
#pragma once

#include "report/examination.hpp"
#include "shm/directory.hpp"

namespace seki::report {

void examine_retry(examination& into, const shm::placement& at);

}  // namespace seki::report
