// What a hedge looks like from outside, in plain values (report/snapshot.hpp).
#pragma once

#include <chrono>

#include <seki/hedge.hpp>

#include "shm/directory.hpp"
#include "shm/segment.hpp"

namespace seki::report {

struct hedge_facts {
    shm::placement place;
    HedgeOptions options;    // in force
    HedgeOptions made_with;  // at its creation
    std::chrono::sys_time<std::chrono::nanoseconds> created;
    HedgeStatus status;
};

[[nodiscard]] hedge_facts look_at_hedge(const shm::segment& where, const shm::placement& at);

}  // namespace seki::report
