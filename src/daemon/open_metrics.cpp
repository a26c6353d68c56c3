#include "daemon/open_metrics.hpp"

#include <cmath>
#include <string_view>

#include <fmt/compile.h>
#include <fmt/format.h>

namespace seki::daemon {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::string_view counter_suffix = "_total";

// A scrape of a full segment is some thousand lines: written straight into the answer, without a string for each.
using text = fmt::memory_buffer;

void put(text& to, std::string_view what) { to.append(what.data(), what.data() + what.size()); }

template <class Number>
void put_number(text& to, Number value) {
    fmt::format_to(fmt::appender{to}, FMT_COMPILE(" {}\n"), value);
}

// Of help texts and label values alike.
void put_escaped(text& to, std::string_view what) {
    for (auto at = what.find_first_of("\n\\\""); at != what.npos; at = what.find_first_of("\n\\\"")) {
        put(to, what.substr(0, at));
        put(to, what[at] == '\n' ? "\\n" : what[at] == '"' ? "\\\"" : "\\\\");
        what.remove_prefix(at + 1);
    }
    put(to, what);
}

// A counter's family is called what its samples are called without `_total`.
std::string_view family_name(const MetricFamily& family) {
    const std::string_view name = family.name;
    const bool counts = family.type == MetricType::Counter && name.ends_with(counter_suffix);
    return counts ? name.substr(0, name.size() - counter_suffix.size()) : name;
}

// `bound`: of a bucket.
void put_labels(text& to, const std::vector<ClientMetric::Label>& labels, std::string_view bound = {}) {
    char before = '{';
    const auto put_one = [&](std::string_view name, std::string_view value) {
        to.push_back(before);
        put(to, name), put(to, "=\""), put_escaped(to, value), put(to, "\"");
        before = ',';
    };
    for (const auto& label : labels) put_one(label.name, label.value);
    if (!bound.empty()) put_one("le", bound);
    if (before == ',') to.push_back('}');
}

std::string_view type_name(MetricType type) {
    if (type == MetricType::Counter) return "counter";
    return type == MetricType::Histogram ? "histogram" : "gauge";
}

std::string bound_text(double bound) { return std::isinf(bound) ? "+Inf" : fmt::format("{:#}", bound); }

void put_histogram(text& to, std::string_view name, const ClientMetric& metric) {
    for (const auto& bucket : metric.histogram.bucket) {
        put(to, name), put(to, "_bucket"), put_labels(to, metric.label, bound_text(bucket.upper_bound));
        put_number(to, bucket.cumulative_count);
    }
    put(to, name), put(to, "_count"), put_labels(to, metric.label), put_number(to, metric.histogram.sample_count);
    put(to, name), put(to, "_sum"), put_labels(to, metric.label), put_number(to, metric.histogram.sample_sum);
}

void put_family(text& to, const MetricFamily& family) {
    const bool counts = family.type == MetricType::Counter;
    const std::string_view name = family_name(family);
    put(to, "# TYPE "), put(to, name), put(to, " "), put(to, type_name(family.type));
    put(to, "\n# HELP "), put(to, name), put(to, " ");
    put_escaped(to, family.help), put(to, "\n");
    for (const ClientMetric& metric : family.metric) {
        if (family.type == MetricType::Histogram) {
            put_histogram(to, name, metric);
            continue;
        }
        put(to, name), put(to, counts ? counter_suffix : ""), put_labels(to, metric.label);
        put_number(to, counts ? metric.counter.value : metric.gauge.value);
    }
}

}  // namespace

std::string to_open_metrics(const std::vector<MetricFamily>& families) {
    text all;
    for (const MetricFamily& family : families) put_family(all, family);
    put(all, "# EOF\n");
    return fmt::to_string(all);
}

}  // namespace seki::daemon
