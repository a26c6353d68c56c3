// The doctor's look at the header, and at the words that are nobody's.
#pragma once

#include "report/examination.hpp"

namespace seki::report {

void examine_header(examination& into);

// Of the header, the directory, and the slots of processes and workers.
void examine_reserved(examination& into);

}  // namespace seki::report
