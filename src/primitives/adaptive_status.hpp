// How an adaptive limit stands, for who looks at it from outside and for its own handles alike; and putting its limit in force.
#pragma once

#include <chrono>

#include <seki/adaptive.hpp>

#include "primitives/adaptive_terms.hpp"
#include "primitives/bulkhead_status.hpp"
#include "shm/bulkhead_piece.hpp"
#include "shm/directory.hpp"

namespace seki::primitives {

[[nodiscard]] inline adaptive_law::terms adaptive_law_of(const shm::segment& where, const shm::placement& at) noexcept {
    return unpack_adaptive_law(shm::read_wide_terms(shm::directory{where}.entry(at.index)).values,
                               shm::unpack_bulkhead_shape(at.shape));
}

// Only reads.
[[nodiscard]] inline AdaptiveStatus adaptive_status_of(const shm::segment& where, const shm::placement& at) noexcept {
    const BulkheadStatus permits = status_of(where, at);
    const adaptive_law::position now = shm::window_of(where, at).at();
    return {.limit = permits.max_concurrent,
            .in_use = permits.in_use,
            .waiting = permits.waiting,
            .usual_latency = std::chrono::nanoseconds{static_cast<std::int64_t>(now.reference)},
            .probing = now.come_back != 0,
            .acquired = permits.acquired,
            .rejected = permits.rejected,
            .reclaimed = permits.reclaimed};
}

// Whether the tables have what the terms and the limit say. Where it is just being moved they may not, and soon will.
[[nodiscard]] inline bool is_enforced(const shm::segment& where, const shm::placement& at) noexcept {
    const auto values = shm::read_wide_terms(shm::directory{where}.entry(at.index)).values;
    const shm::bulkhead_shape of = shm::unpack_bulkhead_shape(at.shape);
    const auto permits = shm::permits_of(where, at);
    return permits.max() == adaptive_law::allowed(shm::window_of(where, at).at(), unpack_adaptive_law(values, of)) &&
           permits.max_waiting() == std::min(values[layout::bulkhead_max_waiting], of.waiting);
}

// What the terms and the limit say, in the tables.
inline void enforce(const shm::segment& where, const shm::placement& at, const shm::wide_terms& terms) noexcept {
    const shm::bulkhead_shape of = shm::unpack_bulkhead_shape(at.shape);
    const auto permits = shm::permits_of(where, at);
    permits.set_max_waiting(std::min(terms[layout::bulkhead_max_waiting], of.waiting));
    shm::window_of(where, at).enforce([&] { return unpack_adaptive_law(terms, of); },
                                      [&](auto most) { permits.set_max_by(most); });
}

}  // namespace seki::primitives
