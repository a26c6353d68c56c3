// The doctor's look at what every entry of the directory has, whatever its kind.
#pragma once

#include "report/examination.hpp"
#include "shm/directory.hpp"

namespace seki::report {

void examine_entry(examination& into, const shm::placement& at);

}  // namespace seki::report
