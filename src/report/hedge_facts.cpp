#include "report/hedge_facts.hpp"

#include "primitives/hedge_status.hpp"
#include "primitives/registry.hpp"
#include "report/times.hpp"

namespace seki::report {

hedge_facts look_at_hedge(const shm::segment& where, const shm::placement& at) {
    return {.place = at,
            .options = primitives::hedges::options_of(where, at),
            .made_with = primitives::hedges::creation_options_of(where, at),
            .created = unix_time(at.created_unix_ns),
            .status = primitives::hedge_status_of(where, at)};
}

}  // namespace seki::report
