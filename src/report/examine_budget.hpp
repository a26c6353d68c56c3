// The doctor's look at the budget of a retry or a hedge.
#pragma once

#include "layout/worker.hpp"
#include "report/examination.hpp"
#include "shm/directory.hpp"
#include "shm/retry_budget.hpp"

namespace seki::report {

// `calls`: what it goes by.
void examine_budget(examination& into, const shm::placement& at, const shm::retry_budget<>& budget,
                    layout::counter calls);

}  // namespace seki::report
