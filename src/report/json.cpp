#include "report/json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "primitives/limiter_terms.hpp"
#include "primitives/option_names.hpp"
#include "report/text.hpp"

namespace seki::report {
namespace {

constexpr int schema = 1;

double seconds(nanoseconds span) { return std::chrono::duration<double>(span).count(); }
double unix_seconds(std::chrono::sys_time<nanoseconds> time) { return seconds(time.time_since_epoch()); }

json to_json(const segment_facts& segment) {
    json out{{"path", valid_utf8(segment.path)},
             {"size_bytes", segment.size},
             {"used_bytes", segment.used},
             {"generation", segment.generation},
             {"created_unix_seconds", unix_seconds(segment.created)},
             {"version", segment.version},
             {"layout_hash", hex(segment.layout_hash)},
             {"max_workers", segment.max_workers},
             {"max_primitives", segment.max_primitives},
             {"superseded", segment.superseded},
             {"mode", nullptr},
             {"uid", nullptr},
             {"gid", nullptr}};
    if (segment.file) {
        out["mode"] = fmt::format("{:04o}", segment.file->mode);
        out["uid"] = segment.file->uid;
        out["gid"] = segment.file->gid;
    }
    return out;
}

json to_json(const owner_facts& owner) {
    return {{"running", owner.running},
            {"pid", owner.pid != 0 ? json(owner.pid) : json(nullptr)},
            {"heartbeat_age_seconds", owner.heartbeat_age ? json(seconds(*owner.heartbeat_age)) : json(nullptr)}};
}

json to_json(const limiter_counters& counters) {
    return {{"allow", counters.allow},
            {"deny", counters.deny},
            {"shadow_deny", counters.shadow_deny},
            {"cost_allow", counters.cost_allow},
            {"cost_deny", counters.cost_deny},
            {"cost_shadow_deny", counters.cost_shadow_deny},
            {"evictions", counters.evictions},
            {"full", counters.full},
            {"resets", counters.resets},
            {"refunds", counters.refunds}};
}

// As a check sees it: 0 stands for `limit`, and only there where there are bursts.
std::uint64_t effective_burst(const LimiterOptions& options) {
    return options.burst == 0 && primitives::is_bucket(options.algorithm) ? options.limit : options.burst;
}

json to_json(const holding& has) {
    return {{"kind", shm::to_string(has.kind)},
            {"name", valid_utf8(has.name)},
            {"permits", has.permits},
            {"waiting", has.waiting},
            {"probes", has.probes}};
}

template <class Facts>
json list_of(const std::vector<Facts>& all) {
    json out = json::array();
    for (const Facts& each : all) out.push_back(to_json(each));
    return out;
}

}  // namespace

json to_json(const LimiterOptions& options) {
    return {{"algorithm", primitives::to_string(options.algorithm)},
            {"limit", options.limit},
            {"window_seconds", seconds(options.window)},
            {"burst", effective_burst(options)},
            {"max_keys", options.max_keys},
            {"on_full", primitives::to_string(options.on_full)},
            {"mode", primitives::to_string(options.mode)},
            {"clock", primitives::to_string(options.clock)},
            {"store_keys", options.store_keys}};
}

json to_json(const process_facts& process) {
    return {{"slot", process.slot},
            {"pid", process.pid},
            {"command", valid_utf8(process.command)},
            {"attached_seconds", seconds(process.attached)},
            {"state", to_string(process.state)},
            {"threads", process.threads},
            {"holds", list_of(process.holds)}};
}

json to_json(const limiter_facts& limiter) {
    return {{"name", valid_utf8(limiter.place.name)},
            {"options", to_json(limiter.options)},
            {"made_with", to_json(limiter.made_with)},
            {"keys", limiter.keys},
            {"keys_max", limiter.options.max_keys},
            {"memory_bytes", limiter.place.arena_size},
            {"created_unix_seconds", unix_seconds(limiter.created)},
            {"counters", to_json(limiter.counters)},
            {"most_denied", list_of(limiter.most_denied)}};
}

json to_json(const shm::durations& all) {
    json buckets = json::array();
    for (std::size_t i = 0; i < all.counts.size(); ++i) {
        const bool last = i == layout::duration_bounds.size();
        const auto bound = last ? json(nullptr) : json(static_cast<double>(layout::duration_bounds[i]) / 1e9);
        buckets.push_back({{"up_to_seconds", bound}, {"count", all.counts[i]}});
    }
    return {{"count", all.total()}, {"sum_seconds", static_cast<double>(all.sum_ns) / 1e9}, {"buckets", buckets}};
}

json to_json(const BulkheadOptions& options) {
    return {{"max_concurrent", options.max_concurrent},
            {"max_wait_seconds", seconds(options.max_wait)},
            {"max_waiting", options.max_waiting}};
}

json to_json(const bulkhead_facts& bulkhead) {
    const BulkheadStatus& status = bulkhead.status;
    return {
        {"name", valid_utf8(bulkhead.place.name)},
        {"options", to_json(bulkhead.options)},
        {"made_with", to_json(bulkhead.made_with)},
        {"in_use", status.in_use},
        {"max_concurrent", status.max_concurrent},
        {"waiting", status.waiting},
        {"memory_bytes", bulkhead.place.arena_size},
        {"created_unix_seconds", unix_seconds(bulkhead.created)},
        {"counters", {{"acquired", status.acquired}, {"rejected", status.rejected}, {"reclaimed", status.reclaimed}}},
        {"waits", to_json(bulkhead.waits)}};
}

json to_json(const key_facts& key) {
    json out{{"tag", hex(key.tag)},
             {"key", key.text ? json(valid_utf8(*key.text)) : json(nullptr)},
             {"whole", key.text.has_value() && key.whole},
             {"limit", key.limit},
             {"remaining", key.remaining},
             {"reset_after_seconds", seconds(key.reset_after)},
             {"allowed_estimate", key.allowed},
             {"denied_estimate", key.denied}};
    if (key.text && !is_utf8(*key.text)) out["key_hex"] = hex(*key.text);
    return out;
}

json to_json(const snapshot& all) {
    return {{"schema", schema},
            {"segment", to_json(all.segment)},
            {"sekid", to_json(all.owner)},
            {"workers", {{"processes", list_of(all.processes)}, {"threads", all.threads()}, {"reaped", all.reaped}}},
            {"events", {{"total", all.events.all}, {"dropped", all.events.dropped}}},
            {"limiters", list_of(all.limiters)},
            {"breakers", list_of(all.breakers)},
            {"bulkheads", list_of(all.bulkheads)},
            {"adaptives", list_of(all.adaptives)},
            {"shedders", list_of(all.shedders)},
            {"retries", list_of(all.retries)},
            {"hedges", list_of(all.hedges)},
            {"policies", list_of(all.policies)}};
}

}  // namespace seki::report
