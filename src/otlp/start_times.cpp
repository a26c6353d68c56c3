#include "otlp/start_times.hpp"

#include <fmt/format.h>

#include "report/text.hpp"

namespace seki::otlp {
namespace {

std::uint64_t unix_ns(std::chrono::sys_time<std::chrono::nanoseconds> time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

std::string key_of(std::string_view kind, std::string_view name) { return fmt::format("{}/{}", kind, name); }

constexpr std::string_view ours = "seki_";

}  // namespace

start_times::start_times(const report::snapshot& all, std::uint64_t own_ns)
    : segment_ns_{unix_ns(all.segment.created)}, own_ns_{own_ns} {
    const auto add = [this](std::string_view kind, const auto& primitives) {
        for (const auto& each : primitives)
            primitives_.emplace(key_of(kind, report::valid_utf8(each.place.name)), unix_ns(each.created));
    };
    add("limiter", all.limiters);
    add("bulkhead", all.bulkheads);
    add("breaker", all.breakers);
    add("adaptive", all.adaptives);
    add("shedder", all.shedders);
    add("retry", all.retries);
    add("hedge", all.hedges);
}

std::uint64_t start_times::of(std::string_view metric, const prometheus::ClientMetric& sample) const {
    if (!metric.starts_with(ours) || metric.starts_with("seki_otlp_")) return own_ns_;
    if (sample.label.empty()) return segment_ns_;
    metric.remove_prefix(ours.size());
    const auto found = primitives_.find(key_of(metric.substr(0, metric.find('_')), sample.label.front().value));
    return found != primitives_.end() ? found->second : segment_ns_;
}

}  // namespace seki::otlp
