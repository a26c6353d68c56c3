// Policies as JSON.
#include <nlohmann/json.hpp>

#include "primitives/policy_options.hpp"
#include "report/json.hpp"
#include "report/text.hpp"
#include "shm/shape.hpp"

namespace seki::report {

json to_json(const PolicyOptions& options) {
    json out{{"deadline_seconds", std::chrono::duration<double>(options.deadline).count()}};
    for (const primitives::policy_member& each : primitives::policy_members) {
        const std::string& name = options.*each.name;
        out[std::string{shm::to_string(each.kind)}] = name.empty() ? json(nullptr) : json(valid_utf8(name));
    }
    return out;
}

json to_json(const policy_facts& policy) {
    json missing = json::array();
    for (const std::string& each : policy.missing) missing.push_back(valid_utf8(each));
    return {{"name", valid_utf8(policy.place.name)},
            {"options", to_json(policy.options)},
            {"made_with", to_json(policy.made_with)},
            {"missing", missing},
            {"memory_bytes", policy.place.arena_size},
            {"created_unix_seconds", std::chrono::duration<double>(policy.created.time_since_epoch()).count()}};
}

}  // namespace seki::report
