// Hedges as JSON.
#include <nlohmann/json.hpp>

#include "report/json.hpp"
#include "report/text.hpp"

namespace seki::report {
namespace {

double seconds(nanoseconds span) { return std::chrono::duration<double>(span).count(); }

}  // namespace

json to_json(const HedgeOptions& options) {
    return {{"max_extra", options.max_extra},   {"delay_seconds", seconds(options.delay)},
            {"percentile", options.percentile}, {"min_delay_seconds", seconds(options.min_delay)},
            {"ratio", options.ratio},           {"min_per_second", options.min_per_second}};
}

json to_json(const hedge_facts& hedge) {
    const HedgeStatus& status = hedge.status;
    return {{"name", valid_utf8(hedge.place.name)},
            {"options", to_json(hedge.options)},
            {"made_with", to_json(hedge.made_with)},
            {"delay_seconds", seconds(status.delay)},
            {"measured", status.measured},
            {"budget", {{"left", status.budget_left}, {"window_age_seconds", seconds(status.budget_window)}}},
            {"memory_bytes", hedge.place.arena_size},
            {"created_unix_seconds", std::chrono::duration<double>(hedge.created.time_since_epoch()).count()},
            {"counters",
             {{"calls", status.calls},
              {"requests", status.requests},
              {"wins", status.wins},
              {"failed", status.failed},
              {"budget_denied", status.denied}}}};
}

}  // namespace seki::report
