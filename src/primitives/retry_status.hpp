// How a retry stands, for who looks at it from outside and for its own handles alike. Only reads.
#pragma once

#include <chrono>
#include <cstdint>

#include <seki/retry.hpp>

#include "layout/retry.hpp"
#include "primitives/clock.hpp"
#include "shm/counters.hpp"
#include "shm/directory.hpp"
#include "shm/retry_piece.hpp"
#include "shm/segment.hpp"

namespace seki::primitives {

[[nodiscard]] inline RetryStatus status_of(const shm::segment& where, const shm::placement& at) noexcept {
    const auto budget = shm::budget_of(where, at).look();
    const std::uint64_t now = clock_ms();
    const auto counted = shm::sum(where, at.index, at.incarnation);
    const std::uint64_t age = now > budget.start_ms ? now - budget.start_ms : 0;
    return {.calls = counted[layout::count_retry_calls],
            .retries = counted[layout::count_retry_retries],
            .recovered = counted[layout::count_retry_recovered],
            .exhausted = counted[layout::count_retry_exhausted],
            .denied = counted[layout::count_retry_denied],
            .budget_left = budget.left,
            .budget_window = std::chrono::milliseconds{static_cast<std::chrono::milliseconds::rep>(age)}};
}

}  // namespace seki::primitives
