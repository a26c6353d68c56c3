// The doctor's look at a breaker: its terms, its word, what stands in its windows, and who holds its probes.
#pragma once

#include "report/examination.hpp"
#include "shm/directory.hpp"

namespace seki::report {

void examine_breaker(examination& into, const shm::placement& at);

}  // namespace seki::report
