// show: one primitive of any kind.
#include <algorithm>
#include <iterator>

#include "command.hpp"
#include "primitives/every_family.hpp"
#include "report/json.hpp"
#include "report/snapshot.hpp"
#include "report/text.hpp"

namespace seki::ctl {
namespace {

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
    table_rows told{{std::string{primitives::registry<Options>::word()}, report::for_terminal(name)}};
    std::ranges::move(options_in_words(facts), std::back_inserter(told));
    std::ranges::move(state_in_words(facts), std::back_inserter(told));
    told.push_back({"memory", about_bytes(facts.place.arena_size)});
    print_table(told);
    return ending::fine;
}

}  // namespace

void add_show(const app& program, const context& with, ending& end) {
    const app showing = program.add_subcommand("show", "one primitive: configuration, state, counters");
    const auto kind = std::make_shared<std::string>();
    const auto name = std::make_shared<std::string>();
    add_primitive(showing, *kind, *name);
    showing.callback(
        [&with, &end, kind, name] { with_kind(*kind, [&]<class Options>() { end = show<Options>(with, *name); }); });
}

}  // namespace seki::ctl
