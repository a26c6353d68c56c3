#include "report/retry_facts.hpp"

#include "primitives/registry.hpp"
#include "primitives/retry_status.hpp"
#include "report/times.hpp"

namespace seki::report {

retry_facts look_at_retry(const shm::segment& where, const shm::placement& at) {
    return {.place = at,
            .options = primitives::retries::options_of(where, at),
            .made_with = primitives::retries::creation_options_of(where, at),
            .created = unix_time(at.created_unix_ns),
            .status = primitives::status_of(where, at)};
}

}  // namespace seki::report
