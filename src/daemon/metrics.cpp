#include "daemon/metrics.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/export_metrics.hpp"
#include "daemon/metric_family.hpp"
#include "daemon/process_metrics.hpp"
#include "daemon/version.hpp"
#include "primitives/option_names.hpp"
#include "report/text.hpp"

namespace seki::daemon {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

labels of(const report::limiter_facts& limiter) { return {{"limiter", report::valid_utf8(limiter.place.name)}}; }

labels of(const report::limiter_facts& limiter, const char* decision) {
    return {{"limiter", report::valid_utf8(limiter.place.name)}, {"decision", decision}};
}

MetricFamily decisions(const std::vector<report::limiter_facts>& limiters) {
    family made{"seki_limiter_decisions_total", "Checks decided, by decision.", MetricType::Counter};
    for (const auto& each : limiters) {
        made.add(each.counters.allow, of(each, "allow"));
        made.add(each.counters.deny, of(each, "deny"));
        made.add(each.counters.shadow_deny, of(each, "shadow_deny"));
    }
    return std::move(made).take();
}

MetricFamily costs(const std::vector<report::limiter_facts>& limiters) {
    family made{"seki_limiter_cost_total", "Cost of the checks decided, by decision.", MetricType::Counter};
    for (const auto& each : limiters) {
        made.add(each.counters.cost_allow, of(each, "allow"));
        made.add(each.counters.cost_deny, of(each, "deny"));
        made.add(each.counters.cost_shadow_deny, of(each, "shadow_deny"));
    }
    return std::move(made).take();
}

labels of(const report::bulkhead_facts& bulkhead) { return {{"bulkhead", report::valid_utf8(bulkhead.place.name)}}; }
labels of(const report::breaker_facts& breaker) { return {{"breaker", report::valid_utf8(breaker.place.name)}}; }
labels of(const report::adaptive_facts& adaptive) { return {{"name", report::valid_utf8(adaptive.place.name)}}; }
labels of(const report::shedder_facts& shedder) { return {{"name", report::valid_utf8(shedder.place.name)}}; }
labels of(const report::hedge_facts& hedge) { return {{"hedge", report::valid_utf8(hedge.place.name)}}; }
labels of(const report::retry_facts& retry) { return {{"retry", report::valid_utf8(retry.place.name)}}; }
labels of(const report::policy_facts& policy) { return {{"policy", report::valid_utf8(policy.place.name)}}; }

labels of(const report::breaker_facts& breaker, const char* label, std::string_view word) {
    return {{"breaker", report::valid_utf8(breaker.place.name)}, {label, std::string{word}}};
}

MetricFamily states(const std::vector<report::breaker_facts>& breakers) {
    family made{"seki_breaker_state", "1 for the state that it is in, 0 for the others.", MetricType::Gauge};
    for (const auto& each : breakers)
        for (const std::string_view state : primitives::words_of<BreakerState>::all)
            made.add(primitives::to_string(each.status.state) == state, of(each, "state", state));
    return std::move(made).take();
}

MetricFamily calls(const std::vector<report::breaker_facts>& breakers) {
    family made{"seki_breaker_calls_total", "Calls, by what they came to.", MetricType::Counter};
    for (const auto& each : breakers) {
        made.add(each.counters.ok, of(each, "outcome", "ok"));
        made.add(each.counters.error, of(each, "outcome", "error"));
        made.add(each.counters.slow, of(each, "outcome", "slow"));
        made.add(each.counters.ignored, of(each, "outcome", "ignored"));
        made.add(each.counters.rejected, of(each, "outcome", "rejected"));
    }
    return std::move(made).take();
}

// Those that any breaker goes through by itself, from the start; what operators make of it, once they did.
MetricFamily transitions(const std::vector<report::breaker_facts>& breakers) {
    using enum BreakerState;
    family made{"seki_breaker_transitions_total", "Changes of state.", MetricType::Counter};
    for (const auto& each : breakers)
        for (std::size_t from = 0; from < layout::breaker_states; ++from)
            for (std::size_t to = 0; to < layout::breaker_states; ++to) {
                const auto first = static_cast<BreakerState>(from), second = static_cast<BreakerState>(to);
                const bool usual = (first == closed && second == open) || (first == open && second == half_open) ||
                                   (first == half_open && (second == open || second == closed));
                const std::uint64_t count = each.transitions[from][to];
                if (!usual && count == 0) continue;
                auto labels_of_it = of(each, "from", primitives::to_string(first));
                labels_of_it.push_back({"to", std::string{primitives::to_string(second)}});
                made.add(count, std::move(labels_of_it));
            }
    return std::move(made).take();
}

template <class Facts, class Value>
MetricFamily of_each(const std::vector<Facts>& all, const char* name, const char* help, MetricType type, Value value) {
    family made{name, help, type};
    for (const auto& each : all) made.add(value(each), of(each));
    return std::move(made).take();
}

MetricFamily by_priority(const std::vector<report::shedder_facts>& shedders, const char* name, const char* help,
                         std::array<std::uint64_t, ShedderStatus::priorities> ShedderStatus::* counts) {
    family made{name, help, MetricType::Counter};
    for (const auto& each : shedders)
        for (std::size_t p = 0; p < ShedderStatus::priorities; ++p) {
            labels with = of(each);
            with.push_back({"priority", std::to_string(p)});
            made.add((each.status.*counts)[p], std::move(with));
        }
    return std::move(made).take();
}

std::uint64_t living(const report::snapshot& all) {
    return static_cast<std::uint64_t>(
        std::ranges::count_if(all.processes, [](const auto& each) { return each.state != shm::verdict::dead; }));
}

MetricFamily tick_age(const report::owner_facts& owner) {
    family made{"seki_tick_age_seconds", "Since sekid's loop last looked around: a few ticks, or it hangs.",
                MetricType::Gauge};
    if (owner.heartbeat_age) made.add(std::chrono::duration<double>{*owner.heartbeat_age}.count());
    return std::move(made).take();
}

MetricFamily build_info() {
    family made{"seki_build_info", "Always 1; its label says which version of sekid this is.", MetricType::Gauge};
    made.add(1, {{"version", std::string{version}}});
    return std::move(made).take();
}

}  // namespace

std::vector<MetricFamily> to_metrics(const report::snapshot& all) {
    constexpr auto counter = MetricType::Counter;
    constexpr auto gauge = MetricType::Gauge;
    const auto& limiters = all.limiters;
    const auto& bulkheads = all.bulkheads;
    const auto& breakers = all.breakers;
    const auto& adaptives = all.adaptives;
    const auto& shedders = all.shedders;
    const auto& retries = all.retries;
    const auto& hedges = all.hedges;
    return {
        decisions(limiters),
        costs(limiters),
        of_each(limiters, "seki_limiter_keys", "Keys in use: those that are not as good as new.", gauge,
                [](const auto& each) { return each.keys; }),
        of_each(limiters, "seki_limiter_keys_max", "Keys in use at once that are sure to find a place.", gauge,
                [](const auto& each) { return each.options.max_keys; }),
        of_each(limiters, "seki_limiter_evictions_total",
                "Keys as good as new that gave their place to another; those that are only swept away do not count.",
                counter, [](const auto& each) { return each.counters.evictions; }),
        of_each(limiters, "seki_limiter_full_total", "Checks of new keys that found no place.", counter,
                [](const auto& each) { return each.counters.full; }),
        of_each(bulkheads, "seki_bulkhead_in_use", "Permits that are held.", gauge,
                [](const auto& each) { return each.status.in_use; }),
        of_each(bulkheads, "seki_bulkhead_max", "Permits that may be held at once.", gauge,
                [](const auto& each) { return each.status.max_concurrent; }),
        of_each(bulkheads, "seki_bulkhead_waiting", "Callers that wait for a permit.", gauge,
                [](const auto& each) { return each.status.waiting; }),
        of_each(bulkheads, "seki_bulkhead_acquired_total", "Permits given out.", counter,
                [](const auto& each) { return each.status.acquired; }),
        of_each(bulkheads, "seki_bulkhead_rejected_total", "Calls that got no permit.", counter,
                [](const auto& each) { return each.status.rejected; }),
        of_each(bulkheads, "seki_bulkhead_reclaimed_total", "Permits that came back because their process had died.",
                counter, [](const auto& each) { return each.status.reclaimed; }),
        of_each(bulkheads, "seki_bulkhead_wait_seconds", "How long was waited for a permit, whether or not it came.",
                MetricType::Histogram, [](const auto& each) { return each.waits; }),
        states(breakers),
        calls(breakers),
        transitions(breakers),
        of_each(breakers, "seki_breaker_call_duration_seconds", "How long calls took that were let through.",
                MetricType::Histogram, [](const auto& each) { return each.durations; }),
        of_each(breakers, "seki_breaker_failure_ratio", "Errors in the window, by all calls in it.", gauge,
                [](const auto& each) { return each.failure_ratio(); }),
        of_each(breakers, "seki_breaker_slow_ratio",
                "Slow calls in the window, by all calls in it; with the failure ratio it is what slow_call_threshold "
                "bounds.",
                gauge, [](const auto& each) { return each.slow_ratio(); }),
        of_each(breakers, "seki_breaker_would_open_total",
                "Outcomes that would have opened it, had it not only observed.", counter,
                [](const auto& each) { return each.counters.would_open; }),
        of_each(adaptives, "seki_adaptive_limit", "Calls that may be in flight at once, at the moment.", gauge,
                [](const auto& each) { return each.status.limit; }),
        of_each(adaptives, "seki_adaptive_in_use", "Calls in flight.", gauge,
                [](const auto& each) { return each.status.in_use; }),
        of_each(adaptives, "seki_adaptive_waiting", "Callers that wait to be let in.", gauge,
                [](const auto& each) { return each.status.waiting; }),
        of_each(adaptives, "seki_adaptive_usual_latency_seconds",
                "Latency of calls that do not queue, as it was last measured; 0 before.", gauge,
                [](const auto& each) { return std::chrono::duration<double>(each.status.usual_latency).count(); }),
        of_each(adaptives, "seki_adaptive_acquired_total", "Calls let in.", counter,
                [](const auto& each) { return each.status.acquired; }),
        of_each(adaptives, "seki_adaptive_rejected_total", "Calls not let in.", counter,
                [](const auto& each) { return each.status.rejected; }),
        of_each(adaptives, "seki_adaptive_reclaimed_total", "Permits that came back because their process had died.",
                counter, [](const auto& each) { return each.status.reclaimed; }),
        of_each(shedders, "seki_shedder_in_use", "Requests in flight.", gauge,
                [](const auto& each) { return each.status.in_flight; }),
        of_each(shedders, "seki_shedder_max", "Requests in flight from which on only priority 0 is let in.", gauge,
                [](const auto& each) { return each.status.max_in_flight; }),
        of_each(shedders, "seki_shedder_dropping", "Whether CoDel sheds.", gauge,
                [](const auto& each) { return each.status.dropping ? 1 : 0; }),
        by_priority(shedders, "seki_shedder_admitted_total", "Requests let in.", &ShedderStatus::admitted),
        by_priority(shedders, "seki_shedder_shed_total", "Requests shed, those by CoDel among them.",
                    &ShedderStatus::shed),
        of_each(shedders, "seki_shedder_codel_drops_total", "Requests shed by CoDel.", counter,
                [](const auto& each) { return each.status.codel_drops; }),
        of_each(shedders, "seki_shedder_reclaimed_total", "Places that came back because their process had died.",
                counter, [](const auto& each) { return each.status.reclaimed; }),
        of_each(retries, "seki_retry_calls_total", "Calls begun: first attempts.", counter,
                [](const auto& each) { return each.status.calls; }),
        of_each(retries, "seki_retry_attempts_total", "Attempts, first ones and retries.", counter,
                [](const auto& each) { return each.status.calls + each.status.retries; }),
        of_each(retries, "seki_retry_recovered_total", "Calls that a retry helped.", counter,
                [](const auto& each) { return each.status.recovered; }),
        of_each(retries, "seki_retry_exhausted_total", "Calls given up: no attempts left, or no time.", counter,
                [](const auto& each) { return each.status.exhausted; }),
        of_each(retries, "seki_retry_budget_denied_total", "Calls given up because the budget of the host was spent.",
                counter, [](const auto& each) { return each.status.denied; }),
        of_each(retries, "seki_retry_budget_left", "Retries that the budget still allows in its window.", gauge,
                [](const auto& each) { return each.status.budget_left; }),
        of_each(hedges, "seki_hedge_calls_total", "Hedged calls.", counter,
                [](const auto& each) { return each.status.calls; }),
        of_each(hedges, "seki_hedge_requests_total", "Attempts made beside the first ones.", counter,
                [](const auto& each) { return each.status.requests; }),
        of_each(hedges, "seki_hedge_wins_total", "Calls that one of these answered.", counter,
                [](const auto& each) { return each.status.wins; }),
        of_each(hedges, "seki_hedge_failed_total", "Hedged calls without a success.", counter,
                [](const auto& each) { return each.status.failed; }),
        of_each(hedges, "seki_hedge_budget_denied_total", "Attempts not made because the budget of the host was spent.",
                counter, [](const auto& each) { return each.status.denied; }),
        of_each(hedges, "seki_hedge_budget_left", "Attempts that the budget still allows in its window.", gauge,
                [](const auto& each) { return each.status.budget_left; }),
        of_each(hedges, "seki_hedge_delay_seconds", "How long is waited for an answer before the next attempt.", gauge,
                [](const auto& each) { return std::chrono::duration<double>{each.status.delay}.count(); }),
        of_each(all.policies, "seki_policy_missing_parts",
                "Parts that it names and there is none of: nobody gets through until there is.", gauge,
                [](const auto& each) { return each.missing.size(); }),
        single("seki_workers", "Processes attached to the segment.", gauge, living(all)),
        single("seki_worker_threads", "Threads of theirs that have a slot of their own.", gauge, all.threads()),
        single("seki_worker_threads_max", "Threads that can have a slot of their own at once.", gauge,
               all.segment.max_workers),
        single("seki_workers_reaped_total", "Processes found dead and tidied up after.", counter, all.reaped),
        single("seki_events_total", "Telemetry events of all workers.", counter, all.events.all),
        single("seki_events_dropped_total", "Telemetry events that did not get to everybody who listened.", counter,
               all.events.dropped),
        single("seki_segment_bytes", "Size of the segment.", gauge, all.segment.size),
        single("seki_segment_used_bytes", "Bytes of the segment that are in use.", gauge, all.segment.used),
        single("seki_segment_generation",
               "Rises with each segment that stands at this path; begins with the time, in microseconds.", gauge,
               all.segment.generation),
        tick_age(all.owner),
        build_info(),
    };
}

std::vector<MetricFamily> all_metrics(const report::snapshot& all, const otlp::ledger& exported) {
    auto made = to_metrics(all);
    std::ranges::move(export_metrics(exported), std::back_inserter(made));
    std::ranges::move(process_metrics(), std::back_inserter(made));
    return made;
}

std::vector<MetricFamily> segment_metrics::Collect() const {
    const published now = from_.look();
    if (now.owned == nullptr) return {};
    return all_metrics(report::take(*now.owned->segment), exported_);
}

}  // namespace seki::daemon
