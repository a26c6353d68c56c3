// Retries as JSON.
#include <nlohmann/json.hpp>

#include "primitives/option_names.hpp"
#include "report/json.hpp"
#include "report/text.hpp"

namespace seki::report {
namespace {

double seconds(nanoseconds span) { return std::chrono::duration<double>(span).count(); }

}  // namespace

json to_json(const RetryOptions& options) {
    return {{"max_attempts", options.max_attempts},
            {"backoff", primitives::to_string(options.backoff)},
            {"jitter", primitives::to_string(options.jitter)},
            {"base_delay_seconds", seconds(options.base_delay)},
            {"max_delay_seconds", seconds(options.max_delay)},
            {"ratio", options.ratio},
            {"min_per_second", options.min_per_second}};
}

json to_json(const retry_facts& retry) {
    const RetryStatus& status = retry.status;
    return {{"name", valid_utf8(retry.place.name)},
            {"options", to_json(retry.options)},
            {"made_with", to_json(retry.made_with)},
            {"budget", {{"left", status.budget_left}, {"window_age_seconds", seconds(status.budget_window)}}},
            {"memory_bytes", retry.place.arena_size},
            {"created_unix_seconds", std::chrono::duration<double>(retry.created.time_since_epoch()).count()},
            {"counters",
             {{"calls", status.calls},
              {"retries", status.retries},
              {"recovered", status.recovered},
              {"exhausted", status.exhausted},
              {"budget_denied", status.denied}}}};
}

}  // namespace seki::report
