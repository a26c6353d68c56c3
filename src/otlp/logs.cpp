#include "otlp/logs.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "otlp/exemplars.hpp"
#include "otlp/ids.hpp"
#include "report/text.hpp"

namespace seki::otlp {
namespace {

using layout::event_kind;
using report::json;

// Numbers of SeverityNumber.
struct severity {
    int number;
    std::string_view text;
};
constexpr severity information{9, "INFO"};
constexpr severity warning{13, "WARN"};

// To refuse a key its next cost is what a limiter is for; that something else refuses is for people to see, and so is a breaker that no longer is closed.
severity severity_of(const report::event_facts& event) {
    if (event.head.kind == event_kind::limiter_deny) return information;
    if (event.head.kind != event_kind::breaker_state_change) return warning;
    const std::string_view to = primitives::find_event_type(event.head.kind)->detail.word(event.head.detail);
    return to == "open" || to == "forced_open" ? warning : information;
}

// Of what a listener at /api/v1/events is told, the members that are plain values.
void add_all(protozero::pbf_builder<log_record>& to, const json& members, bool with_keys) {
    constexpr std::array of_keys{"tag", "key", "key_whole", "key_hex"};
    for (const auto& [name, value] : members.items()) {
        if (name == "name" || !value.is_primitive() || value.is_null()) continue;
        if (!with_keys && std::ranges::find(of_keys, name) != of_keys.end()) continue;
        add_attribute(to, log_record::attributes, "seki." + name, value);
    }
}

std::string body_of(const json& event, const json& primitive) {
    const auto text = [](const json& value) { return value.is_string() ? value.get<std::string>() : std::string{"?"}; };
    return fmt::format("{} \"{}\": {}", text(event["kind"]), text(primitive), text(event["name"]));
}

void add_record(protozero::pbf_builder<scope_logs>& to, const report::event_facts& event, std::uint64_t observed_ns,
                bool with_keys) {
    const json told = report::to_json(event);
    const severity level = severity_of(event);
    protozero::pbf_builder<log_record> record{to, scope_logs::log_records};
    record.add_fixed64(log_record::time_unix_nano, event.unix_ns);
    record.add_fixed64(log_record::observed_time_unix_nano, observed_ns);
    record.add_enum(log_record::severity_number, level.number);
    record.add_string(log_record::severity_text, level.text.data(), level.text.size());
    {
        protozero::pbf_builder<any_value> body{record, log_record::body};
        put(body, std::string_view{body_of(told, told["primitive"])});
    }
    if (const auto* name = told["name"].get_ptr<const json::string_t*>())
        record.add_string(log_record::event_name, *name);
    add_attribute(record, log_record::attributes, "event.name", told["name"]);
    add_attribute(record, log_record::attributes, "seki.kind", told["kind"]);
    if (told["primitive"].is_string()) add_attribute(record, log_record::attributes, "seki.name", told["primitive"]);
    add_all(record, told["metadata"], with_keys);
    add_all(record, told["measurements"], with_keys);
    if (!event.made_good && event.pid != 0)
        add_attribute(record, log_record::attributes, "process.pid", json(event.pid));
    if (!event.made_good && event.thread != 0)
        add_attribute(record, log_record::attributes, "thread.id", json(event.thread));
    if (!has_trace(event)) return;
    record.add_fixed32(log_record::flags, event.head.trace_flags);
    record.add_bytes(log_record::trace_id, bytes_of({event.trace_high, event.trace_low}));
    record.add_bytes(log_record::span_id, bytes_of(event.span));
}

}  // namespace

bool is_worth_a_record(const report::event_facts& event) noexcept {
    if ((kinds_of_records & primitives::mask_of(event.head.kind)) == 0) return false;
    if (event.head.kind == event_kind::breaker_call) return event.head.detail == primitives::outcome_rejected;
    if (event.head.kind == event_kind::hedge_complete)
        return event.head.detail >= static_cast<std::uint8_t>(primitives::hedge_status::call_failed);
    return true;
}

request encode_logs(std::span<const report::event_facts> events, const origin& from, std::uint64_t observed_ns,
                    bool with_keys) {
    request made{.items = events.size()};
    protozero::pbf_builder<logs_request> whole{made.body};
    protozero::pbf_builder<resource_logs> of_resource{whole, logs_request::resource_logs};
    of_resource.add_message(resource_logs::resource, from.resource);
    protozero::pbf_builder<scope_logs> all{of_resource, resource_logs::scope_logs};
    all.add_message(scope_logs::scope, from.scope);
    for (const auto& each : events) add_record(all, each, observed_ns, with_keys);
    return made;
}

}  // namespace seki::otlp
