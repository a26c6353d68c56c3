#include "report/policy_facts.hpp"

#include "primitives/registry.hpp"
#include "report/times.hpp"

namespace seki::report {

policy_facts look_at_policy(const shm::segment& where, const shm::placement& at) {
    return {.place = at,
            .options = primitives::policies::options_of(where, at),
            .made_with = primitives::policies::creation_options_of(where, at),
            .created = unix_time(at.created_unix_ns)};
}

}  // namespace seki::report
