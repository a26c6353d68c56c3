// status, show, workers: what there is.
#include <fmt/format.h>

#include "command.hpp"
#include "primitives/duration.hpp"
#include "primitives/limiter_options.hpp"
#include "primitives/option_names.hpp"
#include "primitives/registry.hpp"
#include "report/json.hpp"
#include "report/snapshot.hpp"
#include "report/text.hpp"

namespace seki::ctl {
namespace {

std::string owner_line(const report::owner_facts& owner) {
    if (owner.running && owner.heartbeat_age)
        return fmt::format("sekid, pid {}, ticked {} ago", owner.pid, about(*owner.heartbeat_age));
    return owner.running ? fmt::format("sekid, pid {}", owner.pid)
                         : "no sekid: nobody tidies up after the dead until somebody looks for a slot";
}

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

ending status(const context& with) {
    const auto copy = with.look();
    if (!copy) return with.fail(copy.error());
    const report::snapshot all = report::take(**copy);
    if (with.as_json) {
        with.print(report::to_json(all));
        return ending::fine;
    }
    fmt::print("segment  {}  {} of {} in use, generation {}{}\n", all.segment.path, about_bytes(all.segment.used),
               about_bytes(all.segment.size), all.segment.generation, all.segment.superseded ? ", SUPERSEDED" : "");
    fmt::print("owner    {}\n", owner_line(all.owner));
    fmt::print("workers  {} processes, {} threads; {} dead tidied so far\n", all.processes.size(), all.threads(),
               all.reaped);
    print_limiters(all.limiters);
    return ending::fine;
}

ending show(const context& with, const std::string& name) {
    const auto copy = with.look();
    if (!copy) return with.fail(copy.error());
    const auto found = primitives::limiters::find(**copy, name);
    if (!found) return with.fail(found.error());
    const report::limiter_facts facts = report::look_at_limiter(**copy, *found);
    if (with.as_json) {
        with.print(report::to_json(facts));
        return ending::fine;
    }
    std::vector<std::vector<std::string>> rows{{"limiter", report::for_terminal(name)}};
    for (const auto& [option, value] : primitives::list_options(primitives::limiter_option_table(), facts.options))
        rows.push_back({option, value});
    const auto& counters = facts.counters;
    rows.push_back({"keys in use", fmt::format("{} of {}", facts.keys, facts.options.max_keys)});
    rows.push_back({"allowed", fmt::format("{} (cost {})", counters.allow, counters.cost_allow)});
    rows.push_back({"denied", fmt::format("{} (cost {})", counters.deny, counters.cost_deny)});
    rows.push_back({"denied in shadow", fmt::format("{} (cost {})", counters.shadow_deny, counters.cost_shadow_deny)});
    rows.push_back({"evictions", std::to_string(counters.evictions)});
    rows.push_back({"table full", std::to_string(counters.full)});
    rows.push_back({"resets, refunds", fmt::format("{}, {}", counters.resets, counters.refunds)});
    rows.push_back({"memory", about_bytes(facts.place.arena_size)});
    print_table(rows);
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
    std::vector<std::vector<std::string>> rows{{"SLOT", "PID", "COMMAND", "ATTACHED", "STATE", "THREADS"}};
    for (const auto& each : processes)
        rows.push_back({std::to_string(each.slot), std::to_string(each.pid), report::for_terminal(each.command),
                        about(each.attached), std::string{report::to_string(each.state)},
                        std::to_string(each.threads.size())});
    print_table(rows);
    return ending::fine;
}

}  // namespace

void add_status(CLI::App& program, const context& with, ending& end) {
    program.add_subcommand("status", "the segment, its owner, and every primitive")->callback([&] {
        end = status(with);
    });

    auto* const showing = program.add_subcommand("show", "one primitive: configuration, state, counters");
    const auto kind = std::make_shared<std::string>();
    const auto name = std::make_shared<std::string>();
    add_primitive(*showing, *kind, *name);
    showing->callback([&with, &end, kind, name] { end = show(with, *name); });

    program.add_subcommand("workers", "attached processes and threads")->callback([&] { end = workers(with); });
}

}  // namespace seki::ctl
