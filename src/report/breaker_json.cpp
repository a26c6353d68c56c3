// Breakers as JSON.
#include <nlohmann/json.hpp>

#include "primitives/option_names.hpp"
#include "report/json.hpp"
#include "report/text.hpp"

namespace seki::report {
namespace {

double seconds(nanoseconds span) { return std::chrono::duration<double>(span).count(); }

// No number of seconds says `never`.
json wait(nanoseconds span) { return span == never ? json(nullptr) : json(seconds(span)); }

json to_json(const breaker_counters& counters) {
    return {{"ok", counters.ok},           {"error", counters.error},       {"slow", counters.slow},
            {"ignored", counters.ignored}, {"rejected", counters.rejected}, {"would_open", counters.would_open}};
}

// Those that were made.
json transitions_of(const breaker_facts& breaker) {
    json made = json::array();
    for (std::size_t from = 0; from < layout::breaker_states; ++from)
        for (std::size_t to = 0; to < layout::breaker_states; ++to)
            if (const std::uint64_t count = breaker.transitions[from][to]; count != 0)
                made.push_back({{"from", primitives::to_string(static_cast<BreakerState>(from))},
                                {"to", primitives::to_string(static_cast<BreakerState>(to))},
                                {"count", count}});
    return made;
}

json window_of(const breaker_facts& breaker) {
    return {{"calls", breaker.status.calls},
            {"errors", breaker.status.errors},
            {"slow", breaker.status.slow},
            {"failure_ratio", breaker.failure_ratio()},
            {"slow_ratio", breaker.slow_ratio()}};
}

}  // namespace

json to_json(const BreakerOptions& options) {
    const WindowSize size = options.window_size;
    return {{"window_type", primitives::to_string(options.window_type)},
            {"window_calls", size.is_duration() ? json(nullptr) : json(size.calls())},
            {"window_seconds", size.is_duration() ? json(seconds(size.duration())) : json(nullptr)},
            {"minimum_calls", options.minimum_calls},
            {"failure_threshold", options.failure_threshold},
            {"slow_call_threshold", options.slow_call_threshold},
            {"slow_call_duration_seconds", seconds(options.slow_call_duration)},
            {"wait_duration_seconds", seconds(options.wait_duration)},
            {"wait_multiplier", options.wait_multiplier},
            {"wait_duration_max_seconds", seconds(options.wait_duration_max)},
            {"half_open_requests", options.half_open_requests},
            {"max_half_open_duration_seconds", seconds(options.max_half_open_duration)},
            {"mode", primitives::to_string(options.mode)}};
}

json to_json(const breaker_facts& breaker) {
    const BreakerStatus& status = breaker.status;
    return {{"name", valid_utf8(breaker.place.name)},
            {"options", to_json(breaker.options)},
            {"made_with", to_json(breaker.made_with)},
            {"state", primitives::to_string(status.state)},
            {"state_seconds", seconds(status.for_duration)},
            {"retry_after_seconds", wait(status.retry_after)},
            {"reopened", status.reopened},
            {"window", window_of(breaker)},
            {"probes", {{"under_way", status.probes}, {"ok", status.probes_ok}}},
            {"memory_bytes", breaker.place.arena_size},
            {"created_unix_seconds", seconds(breaker.created.time_since_epoch())},
            {"counters", to_json(breaker.counters)},
            {"transitions", transitions_of(breaker)},
            {"durations", to_json(breaker.durations)}};
}

}  // namespace seki::report
