// What a metric is called and counted in. Those of seki keep the name that they have at /metrics, so that rules, dashboards and manuals fit whichever way a number
// came; what OpenTelemetry's semantic conventions have a name for is called as they say.
#pragma once

#include <string>
#include <string_view>

#include <prometheus/metric_type.h>

namespace seki::otlp {

enum class shape { gauge, sum, up_and_down };  // up_and_down: a sum that may fall

struct naming {
    std::string_view name;  // empty: it is not exported
    std::string_view unit;
    otlp::shape shape = shape::gauge;
};

[[nodiscard]] naming name_of(std::string_view prometheus_name, prometheus::MetricType type) noexcept;

}  // namespace seki::otlp
