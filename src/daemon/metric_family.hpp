// A family of prometheus-cpp, filled sample by sample.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>

#include "layout/histogram.hpp"
#include "shm/histogram.hpp"

namespace seki::daemon {

using labels = std::vector<prometheus::ClientMetric::Label>;

class family {
public:
    family(const char* name, const char* help, prometheus::MetricType type) {
        made_.name = name;
        made_.help = help;
        made_.type = type;
    }

    template <class Number>
        requires std::is_arithmetic_v<Number>
    void add(Number value, labels with = {}) {
        prometheus::ClientMetric metric;
        metric.label = std::move(with);
        const bool counts = made_.type == prometheus::MetricType::Counter;
        (counts ? metric.counter.value : metric.gauge.value) = static_cast<double>(value);
        made_.metric.push_back(std::move(metric));
    }

    void add(const shm::durations& all, labels with) {
        prometheus::ClientMetric metric;
        metric.label = std::move(with);
        metric.histogram.sample_count = all.total();
        metric.histogram.sample_sum = static_cast<double>(all.sum_ns) / 1e9;
        std::uint64_t so_far = 0;
        for (std::size_t i = 0; i < all.counts.size(); ++i) {
            so_far += all.counts[i];
            const double bound = i < layout::duration_bounds.size()
                                     ? static_cast<double>(layout::duration_bounds[i]) / 1e9
                                     : std::numeric_limits<double>::infinity();
            metric.histogram.bucket.push_back({.cumulative_count = so_far, .upper_bound = bound});
        }
        made_.metric.push_back(std::move(metric));
    }

    [[nodiscard]] prometheus::MetricFamily take() && { return std::move(made_); }

private:
    prometheus::MetricFamily made_;
};

// Of one sample without labels.
template <class Number>
[[nodiscard]] prometheus::MetricFamily single(const char* name, const char* help, prometheus::MetricType type,
                                              Number value) {
    family made{name, help, type};
    made.add(value);
    return std::move(made).take();
}

}  // namespace seki::daemon
