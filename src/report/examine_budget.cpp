#include "report/examine_budget.hpp"

#include <fmt/format.h>

#include "algorithm/retry_budget.hpp"
#include "primitives/clock.hpp"
#include "shm/counters.hpp"
#include "shm/shape.hpp"

namespace seki::report {
namespace {

// By the most that any terms allow, as they may have changed since: a share of all calls that there ever were, and what nobody has to earn.
void examine_left(examination& into, const shm::placement& at, const shm::retry_budget<>& budget) {
    namespace law = algorithm::retry_budget;
    const auto found = budget.look();
    if (found.left <= law::allowance({.ratio = law::max_ratio, .min_per_second = law::max_per_second}, found.calls, 0))
        return;
    if (budget.look() != found) return;  // halves of two
    into.add(invariant::budget_earned, fmt::format("{} \"{}\", its budget", shm::to_string(at.kind), at.name),
             fmt::format("it has {} left, which {} calls cannot have earned; repair leaves nothing of it", found.left,
                         found.calls),
             [budget, found] { budget.set_right(found.start_ms, found.calls); });
}

}  // namespace

void examine_budget(examination& into, const shm::placement& at, const shm::retry_budget<>& budget,
                    layout::counter calls) {
    examine_left(into, at, budget);
    // In this order: a window begins before the clock is read here, and with calls that stand in the counters by then.
    const auto found = budget.look();
    const std::uint64_t now_ms = primitives::clock_ms();
    const std::uint64_t made = shm::sum(into.where(), at.index, at.incarnation)[calls];
    if (found.start_ms <= now_ms && found.calls <= made) return;
    into.add(
        invariant::budget_possible, fmt::format("{} \"{}\", its budget", shm::to_string(at.kind), at.name),
        // With its numbers: a copy may have the counters of a moment before, and then the next one says something else (doctor.hpp, confirmed()).
        fmt::format("its window began at {} ms with {} calls, which is in the future, or more than were ever made; "
                    "repair begins another",
                    found.start_ms, found.calls),
        [budget, now_ms, made] { budget.set_right(now_ms, made); });
}

}  // namespace seki::report
