// Adaptive limits as JSON.
#include <nlohmann/json.hpp>

#include "primitives/option_names.hpp"
#include "report/json.hpp"
#include "report/text.hpp"

namespace seki::report {
namespace {

double seconds(nanoseconds span) { return std::chrono::duration<double>(span).count(); }

}  // namespace

json to_json(const AdaptiveOptions& options) {
    return {{"algorithm", primitives::to_string(options.algorithm)},
            {"min_limit", options.min_limit},
            {"max_limit", options.max_limit},
            {"initial_limit", options.initial_limit},
            {"backoff_ratio", options.backoff_ratio},
            {"tolerance", options.tolerance},
            {"smoothing", options.smoothing},
            {"window", options.window},
            {"timeout_seconds", seconds(options.timeout)},
            {"probe_interval_seconds", seconds(options.probe_interval)},
            {"max_wait_seconds", seconds(options.max_wait)},
            {"max_waiting", options.max_waiting}};
}

json to_json(const adaptive_facts& adaptive) {
    const AdaptiveStatus& status = adaptive.status;
    return {
        {"name", valid_utf8(adaptive.place.name)},
        {"options", to_json(adaptive.options)},
        {"made_with", to_json(adaptive.made_with)},
        {"limit", status.limit},
        {"in_use", status.in_use},
        {"waiting", status.waiting},
        {"usual_latency_seconds", seconds(status.usual_latency)},
        {"probing", status.probing},
        {"memory_bytes", adaptive.place.arena_size},
        {"created_unix_seconds", std::chrono::duration<double>(adaptive.created.time_since_epoch()).count()},
        {"counters", {{"acquired", status.acquired}, {"rejected", status.rejected}, {"reclaimed", status.reclaimed}}},
        {"waits", to_json(adaptive.waits)}};
}

}  // namespace seki::report
