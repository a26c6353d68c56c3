#include "daemon/open_metrics.hpp"

#include <cmath>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

namespace seki::daemon {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::string_view counter_suffix = "_total";

// Of help texts and label values alike.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char byte : text) {
        if (byte == '\n')
            out += "\\n";
        else if (byte == '\\' || byte == '"')
            out += {'\\', byte};
        else
            out += byte;
    }
    return out;
}

// A counter's family is called what its samples are called without `_total`.
std::string_view family_name(const MetricFamily& family) {
    const std::string_view name = family.name;
    const bool counts = family.type == MetricType::Counter && name.ends_with(counter_suffix);
    return counts ? name.substr(0, name.size() - counter_suffix.size()) : name;
}

std::string label_list(const std::vector<ClientMetric::Label>& labels) {
    if (labels.empty()) return {};
    std::string out = "{";
    for (const auto& label : labels) {
        if (out.size() > 1) out += ',';
        fmt::format_to(std::back_inserter(out), "{}=\"{}\"", label.name, escaped(label.value));
    }
    return out + '}';
}

std::string_view type_name(MetricType type) {
    if (type == MetricType::Counter) return "counter";
    return type == MetricType::Histogram ? "histogram" : "gauge";
}

std::string bound_text(double bound) { return std::isinf(bound) ? "+Inf" : fmt::format("{:#}", bound); }

void append_histogram(std::string& out, std::string_view name, const ClientMetric& metric) {
    for (const auto& bucket : metric.histogram.bucket) {
        auto labels = metric.label;
        labels.push_back({"le", bound_text(bucket.upper_bound)});
        fmt::format_to(std::back_inserter(out), "{}_bucket{} {}\n", name, label_list(labels), bucket.cumulative_count);
    }
    const std::string labels = label_list(metric.label);
    fmt::format_to(std::back_inserter(out), "{0}_count{1} {2}\n{0}_sum{1} {3}\n", name, labels,
                   metric.histogram.sample_count, metric.histogram.sample_sum);
}

void append(std::string& out, const MetricFamily& family) {
    const bool counts = family.type == MetricType::Counter;
    const std::string_view name = family_name(family);
    fmt::format_to(std::back_inserter(out), "# TYPE {} {}\n", name, type_name(family.type));
    fmt::format_to(std::back_inserter(out), "# HELP {} {}\n", name, escaped(family.help));
    for (const ClientMetric& metric : family.metric) {
        if (family.type == MetricType::Histogram)
            append_histogram(out, name, metric);
        else
            fmt::format_to(std::back_inserter(out), "{}{}{} {}\n", name, counts ? counter_suffix : "",
                           label_list(metric.label), counts ? metric.counter.value : metric.gauge.value);
    }
}

}  // namespace

std::string to_open_metrics(const std::vector<MetricFamily>& families) {
    std::string out;
    for (const MetricFamily& family : families) append(out, family);
    return out + "# EOF\n";
}

}  // namespace seki::daemon
