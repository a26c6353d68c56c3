// What an adaptive limit looks like from outside, in plain values (report/snapshot.hpp).
#pragma once

#include <chrono>

#include <seki/adaptive.hpp>

#include "shm/directory.hpp"
#include "shm/histogram.hpp"
#include "shm/segment.hpp"

namespace seki::report {

struct adaptive_facts {
    shm::placement place;
    AdaptiveOptions options;    // in force
    AdaptiveOptions made_with;  // at its creation
    std::chrono::sys_time<std::chrono::nanoseconds> created;
    AdaptiveStatus status;
    shm::durations waits;  // of those who had to wait, whether or not they got a permit
};

[[nodiscard]] adaptive_facts look_at_adaptive(const shm::segment& where, const shm::placement& at);

}  // namespace seki::report
