// How a shedder stands, for who looks at it from outside and for its own handles alike. Only reads.
#pragma once

#include <seki/shedder.hpp>

#include "layout/shedder.hpp"
#include "primitives/shedder_terms.hpp"
#include "primitives/telemetry.hpp"
#include "shm/bulkhead_piece.hpp"
#include "shm/counters.hpp"
#include "shm/directory.hpp"

namespace seki::primitives {

[[nodiscard]] inline ShedderOptions shedder_options_of(const shm::segment& where, const shm::placement& at) noexcept {
    return unpack_shedder(shm::read_terms(shm::directory{where}.entry(at.index)).values,
                          shm::unpack_bulkhead_shape(at.shape));
}

[[nodiscard]] inline ShedderStatus shedder_status_of(const shm::segment& where, const shm::placement& at) noexcept {
    const auto places = shm::shedder_places_of(where, at);
    const auto counted = shm::sum(where, at.index, at.incarnation);
    ShedderStatus status{.max_in_flight = places.within().max(),
                         .in_flight = places.in_use(),
                         .dropping = shm::shedder_state_of(where, at).at().dropping,
                         .codel_drops = counted[layout::count_codel_drops],
                         .reclaimed = counted[layout::count_reclaimed]};
    for (std::size_t p = 0; p < layout::shed_priorities; ++p) {
        status.admitted[p] = counted[layout::count_admitted + p];
        if (p != 0) status.shed[p] = counted[layout::count_shed + p];
    }
    return status;
}

// What an event says of its places. Reads them all.
[[nodiscard]] inline permits_now look_at(const shm::shedder_places<>& places) noexcept {
    return {places.in_use(), places.within().max()};
}

}  // namespace seki::primitives
