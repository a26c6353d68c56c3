// Shedders as JSON.
#include <nlohmann/json.hpp>

#include "report/json.hpp"
#include "report/text.hpp"

namespace seki::report {
namespace {

double seconds(nanoseconds span) { return std::chrono::duration<double>(span).count(); }

}  // namespace

json to_json(const ShedderOptions& options) {
    return {{"max_in_flight", options.max_in_flight},
            {"target_seconds", seconds(options.target)},
            {"interval_seconds", seconds(options.interval)}};
}

json to_json(const shedder_facts& shedder) {
    const ShedderStatus& status = shedder.status;
    return {{"name", valid_utf8(shedder.place.name)},
            {"options", to_json(shedder.options)},
            {"made_with", to_json(shedder.made_with)},
            {"in_flight", status.in_flight},
            {"max_in_flight", status.max_in_flight},
            {"dropping", status.dropping},
            {"memory_bytes", shedder.place.arena_size},
            {"created_unix_seconds", std::chrono::duration<double>(shedder.created.time_since_epoch()).count()},
            {"counters",
             {{"admitted", status.admitted},
              {"shed", status.shed},
              {"codel_drops", status.codel_drops},
              {"reclaimed", status.reclaimed}}}};
}

}  // namespace seki::report
