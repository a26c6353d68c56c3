#include "report/policy_facts.hpp"

#include <fmt/format.h>

#include "primitives/policy_options.hpp"
#include "primitives/registry.hpp"
#include "report/times.hpp"
#include "shm/shape.hpp"

namespace seki::report {

policy_facts look_at_policy(const shm::segment& where, const shm::placement& at) {
    policy_facts facts{.place = at,
                       .options = primitives::policies::options_of(where, at),
                       .made_with = primitives::policies::creation_options_of(where, at),
                       .missing = {},
                       .created = unix_time(at.created_unix_ns)};
    for (const primitives::policy_member& each : primitives::policy_members) {
        const std::string& name = facts.options.*each.name;
        if (!name.empty() && !shm::directory{where}.find(each.kind, name))
            facts.missing.push_back(fmt::format("{} {}", shm::to_string(each.kind), name));
    }
    return facts;
}

}  // namespace seki::report
