// Metrics as OpenTelemetry's protocol has them: cumulative sums and histograms with the time since when they count, and gauges.
#pragma once

#include <cstdint>
#include <span>

#include <prometheus/metric_family.h>

#include "otlp/attributes.hpp"
#include "otlp/exemplars.hpp"
#include "otlp/request.hpp"
#include "otlp/start_times.hpp"

namespace seki::otlp {

struct moment {
    std::uint64_t unix_ns = 0;
    std::uint64_t own_start_ns = 0;  // since when sekid runs
};

[[nodiscard]] request encode_metrics(std::span<const prometheus::MetricFamily> families, const start_times& starts,
                                     const exemplars& examples, const origin& from, const moment& now);

}  // namespace seki::otlp
