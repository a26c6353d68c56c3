// The doctor's look at a shedder: its terms, and its places. CoDel's state is put right by the next who asks, whatever stands there.
#pragma once

#include "report/examination.hpp"
#include "shm/directory.hpp"

namespace seki::report {

void examine_shedder(examination& into, const shm::placement& at);

}  // namespace seki::report
