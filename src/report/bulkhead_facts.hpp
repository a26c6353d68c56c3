// What a bulkhead looks like from outside, in plain values (report/snapshot.hpp).
#pragma once

#include <chrono>
#include <cstdint>

#include <seki/bulkhead.hpp>

#include "shm/directory.hpp"
#include "shm/histogram.hpp"
#include "shm/segment.hpp"

namespace seki::report {

struct bulkhead_facts {
    shm::placement place;
    BulkheadOptions options;    // in force
    BulkheadOptions made_with;  // at its creation
    std::chrono::sys_time<std::chrono::nanoseconds> created;
    BulkheadStatus status;
    shm::durations waits;  // of those who had to wait, whether or not they got a permit
};

[[nodiscard]] bulkhead_facts look_at_bulkhead(const shm::segment& where, const shm::placement& at);

}  // namespace seki::report
