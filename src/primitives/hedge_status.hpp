// How a hedge stands, for who looks at it from outside and for its own handles alike. Only reads.
#pragma once

#include <chrono>
#include <cstdint>

#include <seki/hedge.hpp>

#include "layout/hedge.hpp"
#include "primitives/clock.hpp"
#include "primitives/hedge_terms.hpp"
#include "shm/counters.hpp"
#include "shm/directory.hpp"
#include "shm/hedge_piece.hpp"
#include "shm/segment.hpp"

namespace seki::primitives {

// The delay as it is now: calls go by an answer that is a tenth of a second old at most.
[[nodiscard]] inline HedgeStatus hedge_status_of(const shm::segment& where, const shm::placement& at) noexcept {
    const auto budget = shm::hedge_budget_of(where, at).look();
    const auto window = shm::latencies_of(where, at);
    const hedge_terms by = unpack_hedge(shm::read_terms(where.directory()[at.index]).values);
    const std::uint64_t now = clock_ms();
    const auto counted = shm::sum(where, at.index, at.incarnation);
    const std::uint64_t age = now > budget.start_ms ? now - budget.start_ms : 0;
    const std::uint64_t delay = delay_of(by, window.find_out(now, by.percentile));
    return {.calls = counted[layout::count_hedge_calls],
            .requests = counted[layout::count_hedge_requests],
            .wins = counted[layout::count_hedge_wins],
            .failed = counted[layout::count_hedge_failed],
            .denied = counted[layout::count_hedge_denied],
            .budget_left = budget.left,
            .budget_window = std::chrono::milliseconds{static_cast<std::chrono::milliseconds::rep>(age)},
            .delay = std::chrono::nanoseconds{static_cast<std::chrono::nanoseconds::rep>(delay)},
            .measured = algorithm::latency::total(window.look(now))};
}

}  // namespace seki::primitives
