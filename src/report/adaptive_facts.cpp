#include "report/adaptive_facts.hpp"

#include "primitives/adaptive_status.hpp"
#include "primitives/registry.hpp"
#include "report/times.hpp"
#include "shm/bulkhead_piece.hpp"

namespace seki::report {

adaptive_facts look_at_adaptive(const shm::segment& where, const shm::placement& at) {
    return {.place = at,
            .options = primitives::adaptives::options_of(where, at),
            .made_with = primitives::adaptives::creation_options_of(where, at),
            .created = unix_time(at.created_unix_ns),
            .status = primitives::adaptive_status_of(where, at),
            .waits = shm::waits_of(where, at).sum(where)};
}

}  // namespace seki::report
