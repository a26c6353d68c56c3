#include "report/examine_hedge.hpp"

#include <fmt/format.h>

#include "layout/hedge.hpp"
#include "primitives/clock.hpp"
#include "primitives/hedge_family.hpp"
#include "report/examine_budget.hpp"
#include "report/examine_terms.hpp"
#include "shm/hedge_piece.hpp"

namespace seki::report {

void examine_hedge(examination& into, const shm::placement& at) {
    into.judge_by(shm::terms_version(shm::directory{into.where()}.entry(at.index)));
    examine_terms(into, at, [&](const auto& values) { return is_compiled<HedgeOptions>(values, at); });
    into.judge_by(0);
    examine_budget(into, at, shm::hedge_budget_of(into.where(), at), layout::count_hedge_calls);
    const auto calls = shm::latencies_of(into.where(), at);
    const auto place = [&] { return fmt::format("hedge \"{}\", how long its calls took", at.name); };
    if (const std::uint64_t ahead = calls.count_ahead(primitives::clock_ms); ahead != 0)
        into.add(invariant::calls_measured, place(),
                 fmt::format("{} of its counts are of a time that has not come; repair forgets these", ahead),
                 [calls] { calls.forget_ahead(primitives::clock_ms()); });
    if (const std::uint64_t misplaced = calls.count_misplaced(); misplaced != 0)
        into.add(invariant::calls_placed, place(),
                 fmt::format("{} of its counts are of a time that belongs elsewhere; repair forgets these", misplaced),
                 [calls] { calls.forget_misplaced(); });
    if (!calls.has_sound_answer(primitives::clock_ms))
        into.add(
            invariant::percentile_possible, place(),
            "the percentile that was found out is the end of no bucket, or of a time that has not come; repair has "
            "it found out anew",
            [calls] { calls.forget_answer(); });
}

}  // namespace seki::report
