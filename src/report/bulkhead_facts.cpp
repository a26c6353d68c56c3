#include "report/bulkhead_facts.hpp"

#include "primitives/bulkhead_status.hpp"
#include "primitives/registry.hpp"
#include "report/times.hpp"
#include "shm/bulkhead_piece.hpp"

namespace seki::report {

bulkhead_facts look_at_bulkhead(const shm::segment& where, const shm::placement& at) {
    return {.place = at,
            .options = primitives::bulkheads::options_of(where, at),
            .made_with = primitives::bulkheads::creation_options_of(where, at),
            .created = unix_time(at.created_unix_ns),
            .status = primitives::status_of(where, at),
            .waits = shm::waits_of(where, at).sum(where)};
}

}  // namespace seki::report
