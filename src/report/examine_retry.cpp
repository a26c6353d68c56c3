#include "report/examine_retry.hpp"

#include <fmt/format.h>

#include "layout/retry.hpp"
#include "primitives/clock.hpp"
#include "primitives/retry_family.hpp"
#include "report/examine_terms.hpp"
#include "shm/counters.hpp"
#include "shm/retry_piece.hpp"

namespace seki::report {

void examine_retry(examination& into, const shm::placement& at) {
    into.judge_by(shm::terms_version(shm::directory{into.where()}.entry(at.index)));
    examine_terms(into, at, [&](const auto& values) { return is_compiled<RetryOptions>(values, at); });
    into.judge_by(0);
    // In this order: a window begins before the clock is read here, and with calls that stand in the counters by then.
    const auto budget = shm::budget_of(into.where(), at);
    const auto found = budget.look();
    const std::uint64_t now_ms = primitives::clock_ms();
    const std::uint64_t calls = shm::sum(into.where(), at.index, at.incarnation)[layout::count_retry_calls];
    if (found.start_ms <= now_ms && found.calls <= calls) return;
    into.add(
        invariant::budget_possible, fmt::format("retry \"{}\", its budget", at.name),
        // With its numbers: a copy may have the counters of a moment before, and then the next one says something else (doctor.hpp, confirmed()).
        fmt::format("its window began at {} ms with {} calls, which is in the future, or more than were ever made; "
                    "repair begins another",
                    found.start_ms, found.calls),
        [budget, now_ms, calls] { budget.set_right(now_ms, calls); });
}

}  // namespace seki::report
