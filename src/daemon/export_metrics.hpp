// What became of what sekid exports by OpenTelemetry's protocol, for Prometheus. sekid counts it, and begins anew with each start.
#pragma once

#include <vector>

#include <prometheus/metric_family.h>

#include "otlp/ledger.hpp"

namespace seki::daemon {

[[nodiscard]] std::vector<prometheus::MetricFamily> export_metrics(const otlp::ledger& of);

}  // namespace seki::daemon
