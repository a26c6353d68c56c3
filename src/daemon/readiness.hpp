// Whether sekid can do its work, and how the host and what it looks after are: what /readyz answers.
//
// Critical are two checks: that the segment is sound, and that the loop ticks. Without these workers are on their own. All others (the host's pressure, files,
// room in the segment, breakers, bulkheads) can degrade the answer and no more: sekid is ready whatever becomes of them.
#pragma once

#include <string>

#include <seki/health.hpp>

#include "daemon/guarded_segment.hpp"

namespace seki::daemon {

[[nodiscard]] HealthReport look_at_health(const published& now, const HostLimits& host = {});

// What the first critical check that is unhealthy says; empty when sekid is ready.
[[nodiscard]] std::string why_unready(const HealthReport& report);

}  // namespace seki::daemon
