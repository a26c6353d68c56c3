// What a shedder looks like from outside, in plain values (report/snapshot.hpp).
#pragma once

#include <chrono>

#include <seki/shedder.hpp>

#include "shm/directory.hpp"
#include "shm/segment.hpp"

namespace seki::report {

struct shedder_facts {
    shm::placement place;
    ShedderOptions options;    // in force
    ShedderOptions made_with;  // at its creation
    std::chrono::sys_time<std::chrono::nanoseconds> created;
    ShedderStatus status;
};

[[nodiscard]] shedder_facts look_at_shedder(const shm::segment& where, const shm::placement& at);

}  // namespace seki::report
