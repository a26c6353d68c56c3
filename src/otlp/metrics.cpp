#include "otlp/metrics.hpp"

#include <sys/resource.h>

#include <cmath>
#include <string>
#include <vector>

#include "otlp/ids.hpp"
#include "otlp/names.hpp"

namespace seki::otlp {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

template <class Message>
void add_exemplar(protozero::pbf_builder<Message>& to, Message field, const exemplar& which) {
    protozero::pbf_builder<exemplar_message> one{to, field};
    one.add_fixed64(exemplar_message::time_unix_nano, which.unix_ns);
    one.add_double(exemplar_message::as_double, which.value);
    one.add_bytes(exemplar_message::span_id, bytes_of(which.span));
    one.add_bytes(exemplar_message::trace_id, bytes_of(which.trace));
}

template <class Message>
void add_labels(protozero::pbf_builder<Message>& to, Message field, const ClientMetric& of) {
    for (const auto& label : of.label) add_attribute(to, field, label.name, std::string_view{label.value});
}

class writer {
public:
    writer(std::string& into, const start_times& starts, const exemplars& examples, const moment& now)
        : all_{into}, starts_{starts}, examples_{examples}, now_{now} {}

    void add(const MetricFamily& family) {
        const naming as = name_of(family.name, family.type);
        if (as.name.empty() || family.metric.empty()) return;
        protozero::pbf_builder<metric> one = begin(as.name, family.help, as.unit);
        if (family.type == MetricType::Histogram) return add_histogram(one, family);
        if (as.shape == shape::gauge) {
            protozero::pbf_builder<gauge> points{one, metric::gauge};
            for (const auto& each : family.metric) add_point(points, gauge::data_points, family, each);
            return;
        }
        protozero::pbf_builder<sum> points{one, metric::sum};
        for (const auto& each : family.metric) add_point(points, sum::data_points, family, each);
        end(points, as.shape == shape::sum);
    }

    // By mode, which /metrics does not tell.
    void add_cpu_time() {
        rusage used{};
        ::getrusage(RUSAGE_SELF, &used);
        const auto seconds = [](const timeval& of) {
            return static_cast<double>(of.tv_sec) + static_cast<double>(of.tv_usec) / 1e6;
        };
        protozero::pbf_builder<metric> one = begin("process.cpu.time", "Processor time of sekid.", "s");
        protozero::pbf_builder<sum> points{one, metric::sum};
        for (const auto& [mode, time] : {std::pair{"user", used.ru_utime}, std::pair{"system", used.ru_stime}}) {
            protozero::pbf_builder<number_point> point{points, sum::data_points};
            point.add_fixed64(number_point::start_time_unix_nano, now_.own_start_ns);
            point.add_fixed64(number_point::time_unix_nano, now_.unix_ns);
            point.add_double(number_point::as_double, seconds(time));
            add_attribute(point, number_point::attributes, "cpu.mode", std::string_view{mode});
            ++items_;
        }
        end(points, true);
    }

    void add_uptime() {
        protozero::pbf_builder<metric> one = begin("process.uptime", "How long sekid has run.", "s");
        protozero::pbf_builder<gauge> points{one, metric::gauge};
        protozero::pbf_builder<number_point> point{points, gauge::data_points};
        point.add_fixed64(number_point::time_unix_nano, now_.unix_ns);
        point.add_double(number_point::as_double, static_cast<double>(now_.unix_ns - now_.own_start_ns) / 1e9);
        ++items_;
    }

    [[nodiscard]] std::uint64_t items() const noexcept { return items_; }
    [[nodiscard]] protozero::pbf_builder<scope_metrics>& message() noexcept { return all_; }

private:
    protozero::pbf_builder<metric> begin(std::string_view name, std::string_view help, std::string_view unit) {
        protozero::pbf_builder<metric> one{all_, scope_metrics::metrics};
        one.add_string(metric::name, name.data(), name.size());
        one.add_string(metric::description, help.data(), help.size());
        one.add_string(metric::unit, unit.data(), unit.size());
        return one;
    }

    static void end(protozero::pbf_builder<sum>& points, bool only_rises) {
        points.add_enum(sum::aggregation_temporality, cumulative);
        points.add_bool(sum::is_monotonic, only_rises);
    }

    template <class Message>
    void add_point(protozero::pbf_builder<Message>& to, Message field, const MetricFamily& family,
                   const ClientMetric& sample) {
        protozero::pbf_builder<number_point> point{to, field};
        const bool counts = family.type == MetricType::Counter;
        if (counts) point.add_fixed64(number_point::start_time_unix_nano, starts_.of(family.name, sample));
        point.add_fixed64(number_point::time_unix_nano, now_.unix_ns);
        if (counts)
            point.add_sfixed64(number_point::as_int, std::llround(sample.counter.value));
        else
            point.add_double(number_point::as_double, sample.gauge.value);
        if (counts)
            for (const exemplar& each : examples_.of(family.name, sample))
                add_exemplar(point, number_point::exemplars, each);
        add_labels(point, number_point::attributes, sample);
        ++items_;
    }

    void add_histogram(protozero::pbf_builder<metric>& one, const MetricFamily& family) {
        protozero::pbf_builder<histogram> points{one, metric::histogram};
        for (const auto& sample : family.metric) add_point(points, family.name, sample);
        points.add_enum(histogram::aggregation_temporality, cumulative);
    }

    // Prometheus counts what is at most the bound of a bucket; here each has its own. The last, which has no bound, has none here either.
    void add_point(protozero::pbf_builder<histogram>& to, const std::string& name, const ClientMetric& sample) {
        std::vector<std::uint64_t> counts;
        std::vector<double> bounds;
        std::uint64_t so_far = 0;
        for (const auto& bucket : sample.histogram.bucket) {
            counts.push_back(bucket.cumulative_count - so_far);
            so_far = bucket.cumulative_count;
            if (std::isfinite(bucket.upper_bound)) bounds.push_back(bucket.upper_bound);
        }
        protozero::pbf_builder<histogram_point> point{to, histogram::data_points};
        point.add_fixed64(histogram_point::start_time_unix_nano, starts_.of(name, sample));
        point.add_fixed64(histogram_point::time_unix_nano, now_.unix_ns);
        point.add_fixed64(histogram_point::count, sample.histogram.sample_count);
        point.add_double(histogram_point::sum, sample.histogram.sample_sum);
        point.add_packed_fixed64(histogram_point::bucket_counts, counts.begin(), counts.end());
        point.add_packed_double(histogram_point::explicit_bounds, bounds.begin(), bounds.end());
        for (const exemplar& each : examples_.of(name, sample)) add_exemplar(point, histogram_point::exemplars, each);
        add_labels(point, histogram_point::attributes, sample);
        ++items_;
    }

    protozero::pbf_builder<scope_metrics> all_;
    const start_times& starts_;
    const exemplars& examples_;
    const moment& now_;
    std::uint64_t items_ = 0;
};

}  // namespace

request encode_metrics(std::span<const MetricFamily> families, const start_times& starts, const exemplars& examples,
                       const origin& from, const moment& now) {
    std::string of_scope;
    writer metrics{of_scope, starts, examples, now};
    metrics.message().add_message(scope_metrics::scope, from.scope);
    for (const MetricFamily& each : families) metrics.add(each);
    metrics.add_cpu_time();
    metrics.add_uptime();

    request made{.items = metrics.items()};
    protozero::pbf_builder<metrics_request> whole{made.body};
    protozero::pbf_builder<resource_metrics> of_resource{whole, metrics_request::resource_metrics};
    of_resource.add_message(resource_metrics::resource, from.resource);
    of_resource.add_message(resource_metrics::scope_metrics, of_scope);
    return made;
}

}  // namespace seki::otlp
