// What a policy looks like from outside, in plain values (report/snapshot.hpp).
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <seki/policy.hpp>

#include "shm/directory.hpp"
#include "shm/segment.hpp"

namespace seki::report {

struct policy_facts {
    shm::placement place;
    PolicyOptions options;    // in force
    PolicyOptions made_with;  // at its creation
    std::vector<std::string>
        missing;  // parts that are not there now, as "breaker payments": nobody gets through until they are
    std::chrono::sys_time<std::chrono::nanoseconds> created;
};

[[nodiscard]] policy_facts look_at_policy(const shm::segment& where, const shm::placement& at);

}  // namespace seki::report
