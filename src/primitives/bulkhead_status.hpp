// How a bulkhead stands, for who looks at it from outside and for its own handles alike. Only reads.
#pragma once

#include <seki/bulkhead.hpp>

#include "layout/bulkhead.hpp"
#include "primitives/telemetry.hpp"
#include "shm/bulkhead_piece.hpp"
#include "shm/counters.hpp"
#include "shm/directory.hpp"
#include "shm/segment.hpp"

namespace seki::primitives {

[[nodiscard]] inline BulkheadStatus status_of(const shm::segment& where, const shm::placement& at) noexcept {
    const auto permits = shm::permits_of(where, at);
    const auto counted = shm::sum(where, at.index, at.incarnation);
    return {.max_concurrent = permits.max(),
            .in_use = permits.in_use(),
            .waiting = permits.waiting_now(),
            .acquired = counted[layout::count_acquired],
            .rejected = counted[layout::count_rejected],
            .reclaimed = counted[layout::count_reclaimed]};
}

// What an event says of them. Reads them all.
[[nodiscard]] inline permits_now look_at(layout::kind kind, const shm::permit_pool<>& permits) noexcept {
    const std::uint64_t held = permits.in_use(), max = permits.max();
    if (kind != layout::kind::bulkhead) return {held, max};
    return {held, max > held ? max - held : 0};
}

// Of permits that came back.
inline void tell_reclaimed(const emitter& to, permits_now now, std::uint64_t how_many) noexcept {
    to.bulkhead_reclaimed(now.current, now.available, how_many);
}

}  // namespace seki::primitives
