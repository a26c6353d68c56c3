// status, workers: what there is.
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "command.hpp"
#include "primitives/duration.hpp"
#include "primitives/option_names.hpp"
#include "primitives/policy_options.hpp"
#include "report/json.hpp"
#include "report/snapshot.hpp"
#include "report/text.hpp"

namespace seki::ctl {
namespace {

std::string rate(const LimiterOptions& options) {
    return fmt::format("{} / {}", options.limit, primitives::format_duration(options.window));
}

void print_limiters(const std::vector<report::limiter_facts>& limiters) {
    if (limiters.empty()) {
        fmt::print("\nno limiters\n");
        return;
    }
    fmt::print("\n");
    std::vector<std::vector<std::string>> rows{
        {"LIMITER", "ALGORITHM", "RATE", "MODE", "KEYS", "ALLOWED", "DENIED", "SHADOW"}};
    for (const auto& each : limiters)
        rows.push_back({report::for_terminal(each.place.name),
                        std::string{primitives::to_string(each.options.algorithm)}, rate(each.options),
                        std::string{primitives::to_string(each.options.mode)},
                        fmt::format("{}/{}", each.keys, each.options.max_keys), std::to_string(each.counters.allow),
                        std::to_string(each.counters.deny), std::to_string(each.counters.shadow_deny)});
    print_table(rows);
}

void print_bulkheads(const std::vector<report::bulkhead_facts>& bulkheads) {
    if (bulkheads.empty()) return;
    fmt::print("\n");
    std::vector<std::vector<std::string>> rows{
        {"BULKHEAD", "IN USE", "WAITING", "MAX WAIT", "ACQUIRED", "REJECTED", "RECLAIMED"}};
    for (const auto& each : bulkheads)
        rows.push_back({report::for_terminal(each.place.name),
                        fmt::format("{}/{}", each.status.in_use, each.status.max_concurrent),
                        fmt::format("{}/{}", each.status.waiting, each.options.max_waiting),
                        primitives::format_duration(each.options.max_wait), std::to_string(each.status.acquired),
                        std::to_string(each.status.rejected), std::to_string(each.status.reclaimed)});
    print_table(rows);
}

void print_breakers(const std::vector<report::breaker_facts>& breakers) {
    if (breakers.empty()) return;
    fmt::print("\n");
    std::vector<std::vector<std::string>> rows{
        {"BREAKER", "STATE", "FOR", "WINDOW", "ERRORS", "SLOW", "CALLS", "REJECTED"}};
    for (const auto& each : breakers) {
        const auto& counters = each.counters;
        rows.push_back({report::for_terminal(each.place.name), std::string{primitives::to_string(each.status.state)},
                        about(each.status.for_duration), std::to_string(each.status.calls),
                        fmt::format("{:.0f} %", each.failure_ratio() * 100),
                        fmt::format("{:.0f} %", each.slow_ratio() * 100),
                        std::to_string(counters.ok + counters.error + counters.slow + counters.ignored),
                        std::to_string(counters.rejected)});
    }
    print_table(rows);
}

void print_adaptives(const std::vector<report::adaptive_facts>& adaptives) {
    if (adaptives.empty()) return;
    fmt::print("\n");
    std::vector<std::vector<std::string>> rows{
        {"ADAPTIVE", "ALGORITHM", "IN FLIGHT", "RANGE", "USUAL LATENCY", "ACQUIRED", "REJECTED", "RECLAIMED"}};
    for (const auto& each : adaptives)
        rows.push_back({report::for_terminal(each.place.name),
                        std::string{primitives::to_string(each.options.algorithm)},
                        fmt::format("{}/{}", each.status.in_use, each.status.limit),
                        fmt::format("{} to {}", each.options.min_limit, each.options.max_limit),
                        each.status.usual_latency.count() == 0 ? "-" : about(each.status.usual_latency),
                        std::to_string(each.status.acquired), std::to_string(each.status.rejected),
                        std::to_string(each.status.reclaimed)});
    print_table(rows);
}

void print_shedders(const std::vector<report::shedder_facts>& shedders) {
    if (shedders.empty()) return;
    fmt::print("\n");
    std::vector<std::vector<std::string>> rows{{"SHEDDER", "IN FLIGHT", "CODEL", "ADMITTED", "SHED", "RECLAIMED"}};
    for (const auto& each : shedders) {
        const auto sum = [](const auto& counts) { return std::accumulate(counts.begin(), counts.end(), 0ULL); };
        rows.push_back({report::for_terminal(each.place.name),
                        fmt::format("{}/{}", each.status.in_flight, each.status.max_in_flight),
                        each.status.dropping ? "sheds" : "-", std::to_string(sum(each.status.admitted)),
                        std::to_string(sum(each.status.shed)), std::to_string(each.status.reclaimed)});
    }
    print_table(rows);
}

void print_retries(const std::vector<report::retry_facts>& retries) {
    if (retries.empty()) return;
    fmt::print("\n");
    std::vector<std::vector<std::string>> rows{
        {"RETRY", "ATTEMPTS", "BUDGET", "CALLS", "RETRIES", "RECOVERED", "EXHAUSTED", "DENIED"}};
    for (const auto& each : retries)
        rows.push_back({report::for_terminal(each.place.name), std::to_string(each.options.max_attempts),
                        fmt::format("{} % + {}/s", each.options.ratio * 100, each.options.min_per_second),
                        std::to_string(each.status.calls), std::to_string(each.status.retries),
                        std::to_string(each.status.recovered), std::to_string(each.status.exhausted),
                        std::to_string(each.status.denied)});
    print_table(rows);
}

void print_hedges(const std::vector<report::hedge_facts>& hedges) {
    if (hedges.empty()) return;
    fmt::print("\n");
    std::vector<std::vector<std::string>> rows{
        {"HEDGE", "DELAY", "BUDGET", "CALLS", "EXTRA", "WINS", "FAILED", "DENIED"}};
    for (const auto& each : hedges)
        rows.push_back({report::for_terminal(each.place.name), about(each.status.delay),
                        fmt::format("{} % + {}/s", each.options.ratio * 100, each.options.min_per_second),
                        std::to_string(each.status.calls), std::to_string(each.status.requests),
                        std::to_string(each.status.wins), std::to_string(each.status.failed),
                        std::to_string(each.status.denied)});
    print_table(rows);
}

void print_policies(const std::vector<report::policy_facts>& policies) {
    if (policies.empty()) return;
    fmt::print("\n");
    std::vector<std::vector<std::string>> rows{{"POLICY", "DEADLINE", "PARTS"}};
    for (const auto& each : policies) {
        std::vector<std::string> parts;
        for (const auto& member : primitives::policy_members)
            if (const std::string& name = each.options.*member.name; !name.empty())
                parts.push_back(fmt::format("{} {}", shm::to_string(member.kind), name));
        rows.push_back({report::for_terminal(each.place.name),
                        each.options.deadline.count() == 0 ? "-" : primitives::format_duration(each.options.deadline),
                        parts.empty() ? "-" : fmt::format("{}", fmt::join(parts, ", "))});
    }
    print_table(rows);
}

ending status(const context& with) {
    const auto copy = with.look();
    if (!copy) return with.fail(copy.error());
    const report::snapshot all = report::take_with_keys(**copy);
    if (with.as_json) {
        with.print(report::to_json(all));
        return ending::fine;
    }
    fmt::print("segment  {}  {} of {} in use, generation {}{}\n", all.segment.path, about_bytes(all.segment.used),
               about_bytes(all.segment.size), all.segment.generation, all.segment.superseded ? ", SUPERSEDED" : "");
    fmt::print("owner    {}\n", in_words(all.owner));
    fmt::print("workers  {} processes, {} threads; {} dead tidied so far\n", all.processes.size(), all.threads(),
               all.reaped);
    print_limiters(all.limiters);
    print_breakers(all.breakers);
    print_bulkheads(all.bulkheads);
    print_adaptives(all.adaptives);
    print_shedders(all.shedders);
    print_retries(all.retries);
    print_hedges(all.hedges);
    print_policies(all.policies);
    return ending::fine;
}

ending workers(const context& with) {
    const auto copy = with.look();
    if (!copy) return with.fail(copy.error());
    const auto processes = report::look_at_processes(**copy);
    if (with.as_json) {
        json list = json::array();
        for (const auto& each : processes) list.push_back(report::to_json(each));
        with.print({{"workers", list}});
        return ending::fine;
    }
    std::vector<std::vector<std::string>> rows{{"SLOT", "PID", "COMMAND", "ATTACHED", "STATE", "THREADS", "HOLDS"}};
    for (const auto& each : processes)
        rows.push_back({std::to_string(each.slot), std::to_string(each.pid), report::for_terminal(each.command),
                        about(each.attached), std::string{report::to_string(each.state)},
                        std::to_string(each.threads.size()), held_in_words(each.holds)});
    print_table(rows);
    return ending::fine;
}

}  // namespace

void add_status(const app& program, const context& with, ending& end) {
    program.add_subcommand("status", "the segment, its owner, and every primitive").callback([&] {
        end = status(with);
    });

    program.add_subcommand("workers", "attached processes and threads, and what each holds").callback([&] {
        end = workers(with);
    });
}

}  // namespace seki::ctl
