// The OpenMetrics text format 1.0 of what prometheus-cpp collects; its own serializer writes only the older Prometheus format.
#pragma once

#include <string>
#include <vector>

#include <prometheus/metric_family.h>

namespace seki::daemon {

// Counters, whose names end in `_total`, gauges and histograms.
[[nodiscard]] std::string to_open_metrics(const std::vector<prometheus::MetricFamily>& families);

}  // namespace seki::daemon
