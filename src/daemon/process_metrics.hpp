// What sekid itself takes of the machine, under the names that all Prometheus clients use.
#pragma once

#include <vector>

#include <prometheus/metric_family.h>

namespace seki::daemon {

// process_cpu_seconds_total, process_resident_memory_bytes, process_virtual_memory_bytes, process_open_fds, process_max_fds, process_threads,
// process_start_time_seconds. One that the kernel does not tell is left out.
[[nodiscard]] std::vector<prometheus::MetricFamily> process_metrics();

}  // namespace seki::daemon
