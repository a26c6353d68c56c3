#include "report/sample.hpp"

#include <algorithm>

#include "layout/adaptive.hpp"
#include "layout/breaker.hpp"
#include "layout/bulkhead.hpp"
#include "layout/hedge.hpp"
#include "layout/retry.hpp"
#include "layout/shedder.hpp"
#include "shm/breaker_piece.hpp"
#include "shm/bulkhead_piece.hpp"
#include "shm/counters.hpp"

namespace seki::report {
namespace {

using enum column_of;
using shm::hardware;

constexpr std::array<sample_column, 3> of_limiters{{{"allowed", count}, {"denied", refusal}, {"shadow_denied", count}}};
constexpr std::array<sample_column, 6> of_breakers{
    {{"ok", count}, {"error", count}, {"slow", count}, {"rejected", refusal}, {"state", state}, {"ignored", count}}};
constexpr std::array<sample_column, 4> of_bulkheads{
    {{"acquired", count}, {"rejected", refusal}, {"in_use", level}, {"waiting", level}}};
constexpr std::array<sample_column, 4> of_adaptives{
    {{"acquired", count}, {"rejected", refusal}, {"in_use", level}, {"limit", level}}};
constexpr std::array<sample_column, 4> of_shedders{
    {{"admitted", count}, {"shed", refusal}, {"in_flight", level}, {"dropping", level}}};
constexpr std::array<sample_column, 4> of_retries{
    {{"calls", count}, {"retries", count}, {"exhausted", count}, {"budget_denied", refusal}}};
constexpr std::array<sample_column, 4> of_hedges{
    {{"calls", count}, {"requests", count}, {"wins", count}, {"budget_denied", refusal}}};

using values_of = std::array<std::uint64_t, sample_columns>;

// Counts since the primitives were made, worker by worker.
std::vector<shm::counter_values> count_all(const shm::segment& where, std::span<const sample> of) {
    std::vector<shm::counter_values> sums(of.size());
    const std::size_t shared = where.parts().max_workers;
    for (std::size_t slot = 0; slot <= shared; ++slot) {
        if (!shm::was_used(where, slot)) continue;
        const auto blocks = where.counters(slot);
        const std::uint64_t mark = slot == shared ? shm::shared_mark : 0;
        for (std::size_t i = 0; i < of.size(); ++i)
            shm::add_block(blocks[of[i].at.index], of[i].at.incarnation | mark, sums[i]);
    }
    return sums;
}

values_of permits_values(const shm::segment& where, const shm::placement& at, const shm::counter_values& sum) {
    const auto permits = shm::permits_of(where, at);
    return {sum[layout::count_acquired], sum[layout::count_rejected], permits.in_use(),
            at.kind == layout::kind::adaptive ? permits.max() : permits.waiting_now()};
}

values_of shedder_values(const shm::segment& where, const shm::placement& at, const shm::counter_values& sum) {
    values_of values{0, 0, shm::shedder_places_of(where, at).in_use(), shm::shedder_state_of(where, at).at().dropping};
    for (std::size_t p = 0; p < layout::shed_priorities; ++p) {
        values[0] += sum[layout::count_admitted + p];
        if (p != 0) values[1] += sum[layout::count_shed + p];
    }
    return values;
}

values_of values_for(const shm::segment& where, const shm::placement& at, const shm::counter_values& sum) {
    switch (at.kind) {
        case layout::kind::limiter:
            return {sum[layout::count_allow], sum[layout::count_deny], sum[layout::count_shadow]};
        case layout::kind::breaker:
            return {sum[layout::count_call_ok],
                    sum[layout::count_call_error],
                    sum[layout::count_call_slow],
                    sum[layout::count_call_rejected],
                    static_cast<std::uint64_t>(shm::breaker_of(where, at).look().state),
                    sum[layout::count_call_ignored]};
        case layout::kind::bulkhead:
        case layout::kind::adaptive: return permits_values(where, at, sum);
        case layout::kind::shedder: return shedder_values(where, at, sum);
        case layout::kind::retry:
            return {sum[layout::count_retry_calls], sum[layout::count_retry_retries],
                    sum[layout::count_retry_exhausted], sum[layout::count_retry_denied]};
        case layout::kind::hedge:
            return {sum[layout::count_hedge_calls], sum[layout::count_hedge_requests], sum[layout::count_hedge_wins],
                    sum[layout::count_hedge_denied]};
        default: return {};
    }
}

}  // namespace

std::span<const sample_column> columns_of(layout::kind kind) noexcept {
    switch (kind) {
        case layout::kind::limiter: return of_limiters;
        case layout::kind::breaker: return of_breakers;
        case layout::kind::bulkhead: return of_bulkheads;
        case layout::kind::adaptive: return of_adaptives;
        case layout::kind::shedder: return of_shedders;
        case layout::kind::retry: return of_retries;
        case layout::kind::hedge: return of_hedges;
        default: return {};
    }
}

std::vector<sample> take_samples(const shm::segment& where) {
    std::vector<sample> all;
    for (shm::placement& at : shm::directory{where}.list())
        if (!columns_of(at.kind).empty() && at.index < where.parts().max_primitives) all.push_back({std::move(at)});
    const auto sums = count_all(where, all);
    for (std::size_t i = 0; i < all.size(); ++i) all[i].values = values_for(where, all[i].at, sums[i]);
    return all;
}

}  // namespace seki::report
