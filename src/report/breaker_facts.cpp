#include "report/breaker_facts.hpp"

#include <numeric>

#include "primitives/breaker_status.hpp"
#include "primitives/breaker_terms.hpp"
#include "primitives/registry.hpp"
#include "report/times.hpp"
#include "shm/breaker_piece.hpp"
#include "shm/counters.hpp"

namespace seki::report {
namespace {

breaker_counters name_counters(const shm::counter_values& sum) noexcept {
    return {.ok = sum[layout::count_call_ok],
            .error = sum[layout::count_call_error],
            .slow = sum[layout::count_call_slow],
            .ignored = sum[layout::count_call_ignored],
            .rejected = sum[layout::count_call_rejected],
            .would_open = sum[layout::count_would_open]};
}

}  // namespace

std::uint64_t breaker_facts::transitions_made() const noexcept {
    std::uint64_t all = 0;
    for (const auto& from : transitions) all = std::accumulate(from.begin(), from.end(), all);
    return all;
}

breaker_facts look_at_breaker(const shm::segment& where, const shm::placement& at) {
    const shm::breaker<> breaker = shm::breaker_of(where, at);
    const auto terms = primitives::unpack_breaker(shm::read_wide_terms(shm::directory{where}.entry(at.index)).values);
    return {.place = at,
            .options = primitives::to_options(terms),
            .made_with = primitives::breakers::creation_options_of(where, at),
            .created = unix_time(at.created_unix_ns),
            .status = primitives::status_of(breaker, terms.law),
            .counters = name_counters(shm::sum(where, at.index, at.incarnation)),
            .transitions = breaker.transitions(),
            .durations = shm::call_durations_of(where, at).sum(where)};
}

}  // namespace seki::report
