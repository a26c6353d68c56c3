#include "words.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/size.hpp"
#include "primitives/duration.hpp"
#include "primitives/every_family.hpp"
#include "primitives/option_names.hpp"
#include "report/text.hpp"

namespace seki::ctl {
namespace {

std::string percent(double ratio) { return fmt::format("{:.0f} %", ratio * 100); }

std::string state_line(const BreakerStatus& status) {
    const std::string since = fmt::format("{} for {}", primitives::to_string(status.state), about(status.for_duration));
    if (status.retry_after == std::chrono::nanoseconds{0} || status.retry_after == never) return since;
    const bool open = status.state == BreakerState::open;
    return fmt::format("{}, {} {}", since, open ? "a probe in" : "over in", about(status.retry_after));
}

template <class Facts>
table_rows list_options(const Facts& facts) {
    using Options = decltype(facts.options);
    table_rows told;
    for (const auto& [option, value] : primitives::list_options(primitives::family<Options>::options(), facts.options))
        told.push_back({option, value});
    return told;
}

}  // namespace

std::string about(std::chrono::nanoseconds span) {
    using namespace std::chrono;
    using std::chrono::ceil;
    if (span >= 2h) return primitives::format_duration(ceil<minutes>(span));
    if (span >= 10s) return primitives::format_duration(ceil<seconds>(span));
    if (span >= 10ms) return primitives::format_duration(ceil<milliseconds>(span));
    return primitives::format_duration(ceil<microseconds>(span));
}

std::string about_bytes(std::uint64_t bytes) {
    constexpr std::array<const char*, 4> units{"KiB", "MiB", "GiB", "TiB"};
    if (const std::string exact = config::format_size(bytes); exact.size() <= 6) return exact;
    auto amount = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    for (; amount >= 1024 && unit + 1 < units.size(); ++unit) amount /= 1024;
    return fmt::format("{:.1f}{}", amount, units[unit]);
}

std::string in_words(const report::key_facts& key) {
    if (key.text == "") return "\"\"";
    if (!key.text) return fmt::format("#{}", report::hex(key.tag));
    return report::is_utf8(*key.text) ? report::for_terminal(*key.text) + (key.whole ? "" : "...")
                                      : fmt::format("0x{}", report::hex(*key.text));
}

std::string in_words(const report::owner_facts& owner) {
    if (owner.running && owner.heartbeat_age)
        return fmt::format("sekid, pid {}, ticked {} ago", owner.pid, about(*owner.heartbeat_age));
    return owner.running ? fmt::format("sekid, pid {}", owner.pid)
                         : "no sekid: nobody tidies up after the dead until somebody looks for a slot";
}

std::string held_in_words(const std::vector<report::holding>& holds) {
    std::vector<std::string> parts;
    for (const auto& has : holds) {
        if (has.permits != 0) parts.push_back(fmt::format("{} of {}", has.permits, report::for_terminal(has.name)));
        if (has.probes != 0)
            parts.push_back(fmt::format("{} {} of {}", has.probes, has.probes == 1 ? "probe" : "probes",
                                        report::for_terminal(has.name)));
        if (has.waiting != 0) parts.push_back(fmt::format("waits for {}", report::for_terminal(has.name)));
    }
    return parts.empty() ? "-" : fmt::format("{}", fmt::join(parts, ", "));
}

table_rows state_in_words(const report::limiter_facts& facts) {
    const auto& counters = facts.counters;
    table_rows told;
    told.push_back({"keys in use", fmt::format("{} of {}", facts.keys, facts.options.max_keys)});
    told.push_back({"allowed", fmt::format("{} (cost {})", counters.allow, counters.cost_allow)});
    told.push_back({"denied", fmt::format("{} (cost {})", counters.deny, counters.cost_deny)});
    told.push_back({"denied in shadow", fmt::format("{} (cost {})", counters.shadow_deny, counters.cost_shadow_deny)});
    told.push_back({"evictions", std::to_string(counters.evictions)});
    told.push_back({"table full", std::to_string(counters.full)});
    told.push_back({"resets, refunds", fmt::format("{}, {}", counters.resets, counters.refunds)});
    return told;
}

table_rows state_in_words(const report::bulkhead_facts& facts) {
    table_rows told;
    const BulkheadStatus& status = facts.status;
    told.push_back({"in use", fmt::format("{} of {}", status.in_use, status.max_concurrent)});
    told.push_back({"waiting", fmt::format("{} of {}", status.waiting, facts.options.max_waiting)});
    told.push_back({"acquired", std::to_string(status.acquired)});
    told.push_back({"rejected", std::to_string(status.rejected)});
    told.push_back({"reclaimed", std::to_string(status.reclaimed)});
    told.push_back({"waits", std::to_string(facts.waits.total())});
    if (const std::uint64_t waits = facts.waits.total(); waits != 0)
        told.push_back({"mean wait", about(std::chrono::nanoseconds{facts.waits.sum_ns / waits})});
    return told;
}

table_rows state_in_words(const report::breaker_facts& facts) {
    table_rows told;
    const BreakerStatus& status = facts.status;
    const auto& counters = facts.counters;
    told.push_back({"state", state_line(status)});
    if (status.reopened != 0)
        told.push_back({"probes failed", fmt::format("{} times since it was closed", status.reopened)});
    if (status.state == BreakerState::half_open)
        told.push_back({"probes", fmt::format("{} under way, {} of {} ok", status.probes, status.probes_ok,
                                              facts.options.half_open_requests)});
    told.push_back({"window", fmt::format("{} calls: {} errors ({}), {} slow ({})", status.calls, status.errors,
                                          percent(facts.failure_ratio()), status.slow, percent(facts.slow_ratio()))});
    told.push_back({"calls", fmt::format("{} ok, {} errors, {} slow, {} ignored", counters.ok, counters.error,
                                         counters.slow, counters.ignored)});
    told.push_back({"rejected", std::to_string(counters.rejected)});
    if (counters.would_open != 0) told.push_back({"would have opened it", std::to_string(counters.would_open)});
    told.push_back({"transitions", std::to_string(facts.transitions_made())});
    if (const std::uint64_t calls = facts.durations.total(); calls != 0)
        told.push_back({"mean duration", about(std::chrono::nanoseconds{facts.durations.sum_ns / calls})});
    return told;
}

table_rows state_in_words(const report::adaptive_facts& facts) {
    table_rows told;
    const AdaptiveStatus& status = facts.status;
    told.push_back({"limit", fmt::format("{}{}", status.limit, status.probing ? ", for a probe" : "")});
    told.push_back({"in flight", std::to_string(status.in_use)});
    told.push_back({"waiting", fmt::format("{} of {}", status.waiting, facts.options.max_waiting)});
    if (status.usual_latency.count() != 0) told.push_back({"usual latency", about(status.usual_latency)});
    told.push_back({"acquired", std::to_string(status.acquired)});
    told.push_back({"rejected", std::to_string(status.rejected)});
    told.push_back({"reclaimed", std::to_string(status.reclaimed)});
    return told;
}

table_rows state_in_words(const report::shedder_facts& facts) {
    table_rows told;
    const ShedderStatus& status = facts.status;
    told.push_back({"in flight", fmt::format("{} of {}", status.in_flight, status.max_in_flight)});
    told.push_back(
        {"CoDel", fmt::format("{}, {} dropped", status.dropping ? "sheds" : "sheds nothing", status.codel_drops)});
    for (std::size_t p = 0; p < ShedderStatus::priorities; ++p)
        told.push_back(
            {fmt::format("priority {}", p), fmt::format("{} admitted, {} shed", status.admitted[p], status.shed[p])});
    told.push_back({"reclaimed", std::to_string(status.reclaimed)});
    return told;
}

template <class Status>
std::vector<std::string> budget_in_words(const Status& status) {
    return {"budget",
            fmt::format("{} left in the window that began {} ago", status.budget_left, about(status.budget_window))};
}

table_rows state_in_words(const report::retry_facts& facts) {
    table_rows told;
    const RetryStatus& status = facts.status;
    told.push_back({"calls", std::to_string(status.calls)});
    told.push_back({"retries", std::to_string(status.retries)});
    told.push_back({"recovered", std::to_string(status.recovered)});
    told.push_back({"exhausted", std::to_string(status.exhausted)});
    told.push_back({"denied by the budget", std::to_string(status.denied)});
    told.push_back(budget_in_words(status));
    return told;
}

table_rows state_in_words(const report::hedge_facts& facts) {
    table_rows told;
    const HedgeStatus& status = facts.status;
    told.push_back({"delay now", fmt::format("{}, {} calls measured", about(status.delay), status.measured)});
    told.push_back({"calls", std::to_string(status.calls)});
    told.push_back({"extra attempts", std::to_string(status.requests)});
    told.push_back({"wins of these", std::to_string(status.wins)});
    told.push_back({"failed", std::to_string(status.failed)});
    told.push_back({"denied by the budget", std::to_string(status.denied)});
    told.push_back(budget_in_words(status));
    return told;
}

table_rows state_in_words(const report::policy_facts& facts) {
    table_rows rows;
    for (const std::string& each : facts.missing)
        rows.push_back(
            {"missing", fmt::format("{}: nobody gets through until it is made", report::for_terminal(each))});
    return rows;
}

table_rows options_in_words(const report::limiter_facts& facts) { return list_options(facts); }
table_rows options_in_words(const report::breaker_facts& facts) { return list_options(facts); }
table_rows options_in_words(const report::bulkhead_facts& facts) { return list_options(facts); }
table_rows options_in_words(const report::adaptive_facts& facts) { return list_options(facts); }
table_rows options_in_words(const report::shedder_facts& facts) { return list_options(facts); }
table_rows options_in_words(const report::retry_facts& facts) { return list_options(facts); }
table_rows options_in_words(const report::hedge_facts& facts) { return list_options(facts); }
table_rows options_in_words(const report::policy_facts& facts) { return list_options(facts); }

}  // namespace seki::ctl
