// show: one primitive of any kind.
#include <fmt/format.h>

#include "command.hpp"
#include "primitives/every_family.hpp"
#include "report/json.hpp"
#include "report/snapshot.hpp"
#include "report/text.hpp"

namespace seki::ctl {
namespace {

using table_rows = std::vector<std::vector<std::string>>;

report::limiter_facts look_at(const shm::segment& where, const shm::placement& at, const LimiterOptions& /*kind*/) {
    return report::look_at_limiter(where, at);
}
report::bulkhead_facts look_at(const shm::segment& where, const shm::placement& at, const BulkheadOptions& /*kind*/) {
    return report::look_at_bulkhead(where, at);
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

void add_show(CLI::App& program, const context& with, ending& end) {
    auto* const showing = program.add_subcommand("show", "one primitive: configuration, state, counters");
    const auto kind = std::make_shared<std::string>();
    const auto name = std::make_shared<std::string>();
    add_primitive(*showing, *kind, *name);
    showing->callback(
        [&with, &end, kind, name] { with_kind(*kind, [&]<class Options>() { end = show<Options>(with, *name); }); });
}

}  // namespace seki::ctl
