#include "report/examine_retry.hpp"

#include "layout/retry.hpp"
#include "primitives/retry_family.hpp"
#include "report/examine_budget.hpp"
#include "report/examine_terms.hpp"
#include "shm/retry_piece.hpp"

namespace seki::report {

void examine_retry(examination& into, const shm::placement& at) {
    into.judge_by(shm::terms_version(shm::directory{into.where()}.entry(at.index)));
    examine_terms(into, at, [&](const auto& values) { return is_compiled<RetryOptions>(values, at); });
    into.judge_by(0);
    examine_budget(into, at, shm::budget_of(into.where(), at), layout::count_retry_calls);
}

}  // namespace seki::report
