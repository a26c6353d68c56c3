#include "otlp/exemplars.hpp"

#include <algorithm>
#include <initializer_list>

#include <fmt/format.h>

#include "layout/histogram.hpp"
#include "primitives/event_types.hpp"
#include "report/text.hpp"

namespace seki::otlp {
namespace {

using layout::event_kind;

std::string key_of(std::string_view metric, std::initializer_list<std::string_view> labels) {
    std::string key{metric};
    for (const std::string_view each : labels) key += fmt::format("/{}", each);
    return key;
}

// The sum that counts an event, and its labels after the primitive's name; empty where there is none.
struct counted_in {
    std::string_view metric;
    std::string_view label{};
};

counted_in counter_of(const report::event_facts& event) {
    const auto* const type = primitives::find_event_type(event.head.kind);
    switch (event.head.kind) {
        case event_kind::limiter_allow: return {"seki_limiter_decisions_total", "allow"};
        case event_kind::limiter_deny:
            return {"seki_limiter_decisions_total", event.head.result == 1 ? "shadow_deny" : "deny"};
        case event_kind::breaker_call: return {"seki_breaker_calls_total", type->detail.word(event.head.detail)};
        case event_kind::bulkhead_rejected: return {"seki_bulkhead_rejected_total"};
        case event_kind::adaptive_rejected: return {"seki_adaptive_rejected_total"};
        case event_kind::retry_exhausted:
            // The budget has a counter of its own.
            if (event.head.detail == static_cast<std::uint8_t>(Errc::budget_spent))
                return {"seki_retry_budget_denied_total"};
            return {"seki_retry_exhausted_total"};
        case event_kind::shed_shed:
        case event_kind::shed_codel_drop: return {"seki_shedder_shed_total", type->result.word(event.head.result)};
        default: return {};
    }
}

}  // namespace

bool has_trace(const report::event_facts& event) noexcept { return (event.trace_high | event.trace_low) != 0; }

void exemplars::keep(const std::string& sample, std::size_t bucket, const exemplar& which) {
    if (kept_.size() < most || kept_.contains(sample)) kept_[sample][bucket] = which;
}

void exemplars::add(const report::event_facts& event) {
    if (!has_trace(event) || event.primitive == nullptr) return;
    exemplar one{
        .unix_ns = event.unix_ns, .value = 1, .trace = {event.trace_high, event.trace_low}, .span = event.span};
    const std::string name = report::valid_utf8(*event.primitive);
    const counted_in counter = counter_of(event);
    if (counter.metric.empty()) return;
    keep(counter.label.empty() ? key_of(counter.metric, {name}) : key_of(counter.metric, {name, counter.label}), 0,
         one);
    if (event.head.kind != event_kind::breaker_call || event.head.detail == primitives::outcome_rejected) return;
    one.value = static_cast<double>(event.first) / 1e9;
    keep(key_of("seki_breaker_call_duration_seconds", {name}), layout::duration_bucket(event.first), one);
}

std::vector<exemplar> exemplars::of(std::string_view metric, const prometheus::ClientMetric& sample) const {
    std::string key{metric};
    for (const auto& label : sample.label) key += fmt::format("/{}", label.value);
    std::vector<exemplar> found;
    if (const auto at = kept_.find(key); at != kept_.end())
        for (const auto& [bucket, each] : at->second) found.push_back(each);
    return found;
}

}  // namespace seki::otlp
