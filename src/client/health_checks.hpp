// The built-in health checks (include/seki/health.hpp), for that and for sekid.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <seki/health.hpp>

#include "shm/segment.hpp"

namespace seki::client {

class segment_handle;

[[nodiscard]] HealthFinding judge(const BreakerStatus& status);
[[nodiscard]] HealthFinding judge(const BulkheadStatus& status, std::uint64_t max_waiting);
[[nodiscard]] HealthFinding judge_occupancy(const shm::segment& where, const HealthLimits& limits);
[[nodiscard]] HealthFinding judge_heartbeat(const shm::segment& where);
// Of the segment that is in use now.
[[nodiscard]] HealthFinding judge_occupancy(segment_handle& handle, const HealthLimits& limits);
[[nodiscard]] HealthFinding judge_heartbeat(segment_handle& handle);

struct host_check {
    std::string_view name;
    std::function<HealthFinding()> look;
};
[[nodiscard]] std::vector<host_check> host_checks(const HostLimits& limits);

}  // namespace seki::client
