// What a retry looks like from outside, in plain values (report/snapshot.hpp).
#pragma once

#include <chrono>

#include <seki/retry.hpp>

#include "shm/directory.hpp"
#include "shm/segment.hpp"

namespace seki::report {

struct retry_facts {
    shm::placement place;
    RetryOptions options;    // in force
    RetryOptions made_with;  // at its creation
    std::chrono::sys_time<std::chrono::nanoseconds> created;
    RetryStatus status;
};

[[nodiscard]] retry_facts look_at_retry(const shm::segment& where, const shm::placement& at);

}  // namespace seki::report
