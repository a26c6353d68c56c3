// show: one primitive of any kind.
#include <fmt/format.h>

#include "command.hpp"
#include "primitives/every_family.hpp"
#include "primitives/option_names.hpp"
#include "report/json.hpp"
#include "report/snapshot.hpp"
#include "report/text.hpp"

namespace seki::ctl {
namespace {

using table_rows = std::vector<std::vector<std::string>>;

report::limiter_facts look_at(const shm::segment& where, const shm::placement& at, const LimiterOptions& /*kind*/) {
    return report::look_at_limiter_with_keys(where, at);
}
report::bulkhead_facts look_at(const shm::segment& where, const shm::placement& at, const BulkheadOptions& /*kind*/) {
    return report::look_at_bulkhead(where, at);
}

report::breaker_facts look_at(const shm::segment& where, const shm::placement& at, const BreakerOptions& /*kind*/) {
    return report::look_at_breaker(where, at);
}

report::adaptive_facts look_at(const shm::segment& where, const shm::placement& at, const AdaptiveOptions& /*kind*/) {
    return report::look_at_adaptive(where, at);
}

report::shedder_facts look_at(const shm::segment& where, const shm::placement& at, const ShedderOptions& /*kind*/) {
    return report::look_at_shedder(where, at);
}

report::retry_facts look_at(const shm::segment& where, const shm::placement& at, const RetryOptions& /*kind*/) {
    return report::look_at_retry(where, at);
}

report::hedge_facts look_at(const shm::segment& where, const shm::placement& at, const HedgeOptions& /*kind*/) {
    return report::look_at_hedge(where, at);
}

report::policy_facts look_at(const shm::segment& where, const shm::placement& at, const PolicyOptions& /*kind*/) {
    return report::look_at_policy(where, at);
}

void add_state(table_rows& rows, const report::limiter_facts& facts) {
    const auto& counters = facts.counters;
    rows.push_back({"keys in use", fmt::format("{} of {}", facts.keys, facts.options.max_keys)});
    rows.push_back({"allowed", fmt::format("{} (cost {})", counters.allow, counters.cost_allow)});
    rows.push_back({"denied", fmt::format("{} (cost {})", counters.deny, counters.cost_deny)});
    rows.push_back({"denied in shadow", fmt::format("{} (cost {})", counters.shadow_deny, counters.cost_shadow_deny)});
    rows.push_back({"evictions", std::to_string(counters.evictions)});
    rows.push_back({"table full", std::to_string(counters.full)});
    rows.push_back({"resets, refunds", fmt::format("{}, {}", counters.resets, counters.refunds)});
}

void add_state(table_rows& rows, const report::bulkhead_facts& facts) {
    const BulkheadStatus& status = facts.status;
    rows.push_back({"in use", fmt::format("{} of {}", status.in_use, status.max_concurrent)});
    rows.push_back({"waiting", fmt::format("{} of {}", status.waiting, facts.options.max_waiting)});
    rows.push_back({"acquired", std::to_string(status.acquired)});
    rows.push_back({"rejected", std::to_string(status.rejected)});
    rows.push_back({"reclaimed", std::to_string(status.reclaimed)});
    rows.push_back({"waits", std::to_string(facts.waits.total())});
    if (const std::uint64_t waits = facts.waits.total(); waits != 0)
        rows.push_back({"mean wait", about(std::chrono::nanoseconds{facts.waits.sum_ns / waits})});
}

std::string percent(double ratio) { return fmt::format("{:.0f} %", ratio * 100); }

std::string state_line(const BreakerStatus& status) {
    const std::string since = fmt::format("{} for {}", primitives::to_string(status.state), about(status.for_duration));
    if (status.retry_after == std::chrono::nanoseconds{0} || status.retry_after == never) return since;
    const bool open = status.state == BreakerState::open;
    return fmt::format("{}, {} {}", since, open ? "a probe in" : "over in", about(status.retry_after));
}

void add_state(table_rows& rows, const report::breaker_facts& facts) {
    const BreakerStatus& status = facts.status;
    const auto& counters = facts.counters;
    rows.push_back({"state", state_line(status)});
    if (status.reopened != 0)
        rows.push_back({"probes failed", fmt::format("{} times since it was closed", status.reopened)});
    if (status.state == BreakerState::half_open)
        rows.push_back({"probes", fmt::format("{} under way, {} of {} ok", status.probes, status.probes_ok,
                                              facts.options.half_open_requests)});
    rows.push_back({"window", fmt::format("{} calls: {} errors ({}), {} slow ({})", status.calls, status.errors,
                                          percent(facts.failure_ratio()), status.slow, percent(facts.slow_ratio()))});
    rows.push_back({"calls", fmt::format("{} ok, {} errors, {} slow, {} ignored", counters.ok, counters.error,
                                         counters.slow, counters.ignored)});
    rows.push_back({"rejected", std::to_string(counters.rejected)});
    if (counters.would_open != 0) rows.push_back({"would have opened it", std::to_string(counters.would_open)});
    rows.push_back({"transitions", std::to_string(facts.transitions_made())});
    if (const std::uint64_t calls = facts.durations.total(); calls != 0)
        rows.push_back({"mean duration", about(std::chrono::nanoseconds{facts.durations.sum_ns / calls})});
}

void add_state(table_rows& rows, const report::adaptive_facts& facts) {
    const AdaptiveStatus& status = facts.status;
    rows.push_back({"limit", fmt::format("{}{}", status.limit, status.probing ? ", for a probe" : "")});
    rows.push_back({"in flight", std::to_string(status.in_use)});
    rows.push_back({"waiting", fmt::format("{} of {}", status.waiting, facts.options.max_waiting)});
    if (status.usual_latency.count() != 0) rows.push_back({"usual latency", about(status.usual_latency)});
    rows.push_back({"acquired", std::to_string(status.acquired)});
    rows.push_back({"rejected", std::to_string(status.rejected)});
    rows.push_back({"reclaimed", std::to_string(status.reclaimed)});
}

void add_state(table_rows& rows, const report::shedder_facts& facts) {
    const ShedderStatus& status = facts.status;
    rows.push_back({"in flight", fmt::format("{} of {}", status.in_flight, status.max_in_flight)});
    rows.push_back(
        {"CoDel", fmt::format("{}, {} dropped", status.dropping ? "sheds" : "sheds nothing", status.codel_drops)});
    for (std::size_t p = 0; p < ShedderStatus::priorities; ++p)
        rows.push_back(
            {fmt::format("priority {}", p), fmt::format("{} admitted, {} shed", status.admitted[p], status.shed[p])});
    rows.push_back({"reclaimed", std::to_string(status.reclaimed)});
}

void add_state(table_rows& rows, const report::retry_facts& facts) {
    const RetryStatus& status = facts.status;
    rows.push_back({"calls", std::to_string(status.calls)});
    rows.push_back({"retries", std::to_string(status.retries)});
    rows.push_back({"recovered", std::to_string(status.recovered)});
    rows.push_back({"exhausted", std::to_string(status.exhausted)});
    rows.push_back({"denied by the budget", std::to_string(status.denied)});
    rows.push_back({"budget", fmt::format("{} left in the window that began {} ago", status.budget_left,
                                          about(status.budget_window))});
}

void add_state(table_rows& rows, const report::hedge_facts& facts) {
    const HedgeStatus& status = facts.status;
    rows.push_back({"delay now", fmt::format("{}, {} calls measured", about(status.delay), status.measured)});
    rows.push_back({"calls", std::to_string(status.calls)});
    rows.push_back({"extra attempts", std::to_string(status.requests)});
    rows.push_back({"wins of these", std::to_string(status.wins)});
    rows.push_back({"failed", std::to_string(status.failed)});
    rows.push_back({"denied by the budget", std::to_string(status.denied)});
    rows.push_back({"budget", fmt::format("{} left in the window that began {} ago", status.budget_left,
                                          about(status.budget_window))});
}

void add_state(table_rows& /*rows*/, const report::policy_facts& /*facts*/) {}

template <class Options>
ending show(const context& with, const std::string& name) {
    const auto copy = with.look();
    if (!copy) return with.fail(copy.error());
    const auto found = primitives::registry<Options>::find(**copy, name);
    if (!found) return with.fail(found.error());
    const auto facts = look_at(**copy, *found, Options{});
    if (with.as_json) {
        with.print(report::to_json(facts));
        return ending::fine;
    }
    table_rows rows{{std::string{primitives::registry<Options>::word()}, report::for_terminal(name)}};
    for (const auto& [option, value] : primitives::list_options(primitives::family<Options>::options(), facts.options))
        rows.push_back({option, value});
    add_state(rows, facts);
    rows.push_back({"memory", about_bytes(facts.place.arena_size)});
    print_table(rows);
    return ending::fine;
}

}  // namespace

void add_show(app program, const context& with, ending& end) {
    const app showing = program.add_subcommand("show", "one primitive: configuration, state, counters");
    const auto kind = std::make_shared<std::string>();
    const auto name = std::make_shared<std::string>();
    add_primitive(showing, *kind, *name);
    showing.callback(
        [&with, &end, kind, name] { with_kind(*kind, [&]<class Options>() { end = show<Options>(with, *name); }); });
}

}  // namespace seki::ctl
