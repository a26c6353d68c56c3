// The doctor's look at who is attached: the slots of processes and of workers.
#pragma once

#include "report/examination.hpp"

namespace seki::report {

void examine_processes(examination& into);

// With the samples of busy keys that each has.
void examine_workers(examination& into);

}  // namespace seki::report
