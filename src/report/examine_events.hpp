// The doctor's look at the rings of events: their numbers.
#pragma once

#include "report/examination.hpp"

namespace seki::report {

void examine_rings(examination& into);

}  // namespace seki::report
