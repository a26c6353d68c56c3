#include "daemon/export_metrics.hpp"

#include <utility>

#include "daemon/metric_family.hpp"

namespace seki::daemon {
namespace {

prometheus::MetricFamily by_signal(const otlp::ledger& of, const char* name, const char* help,
                                   std::uint64_t otlp::counts::* count) {
    family made{name, help, prometheus::MetricType::Counter};
    for (const auto signal : {otlp::signal::metrics, otlp::signal::logs})
        made.add(of.of(signal).*count, {{"signal", to_string(signal)}});
    return std::move(made).take();
}

}  // namespace

std::vector<prometheus::MetricFamily> export_metrics(const otlp::ledger& of) {
    return {
        by_signal(of, "seki_otlp_sent_total", "Data points and log records that the collector took.",
                  &otlp::counts::sent),
        by_signal(of, "seki_otlp_failed_total", "Data points and log records that the collector would not have.",
                  &otlp::counts::failed),
        by_signal(of, "seki_otlp_dropped_total",
                  "Data points and log records that were not sent: no room, no time, or no answer for too long.",
                  &otlp::counts::dropped),
        by_signal(of, "seki_otlp_retries_total", "Requests to the collector that were to be sent again.",
                  &otlp::counts::retries),
    };
}

}  // namespace seki::daemon
