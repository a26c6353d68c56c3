// The breaker that ships, on memory as weak as C++ allows; and each of its orders weakened.
#include "shm/breaker_reuse_scenarios.hpp"
#include "shm/breaker_scenarios.hpp"
#include "shm/order_sweep.hpp"

namespace seki::test {
namespace {

using real = breaker_scenarios<shm::breaker<stepped>>;
using reused = breaker_reuse_scenarios<shm::breaker<stepped>>;
using law::outcome;

template <outcome... ended>
void probes_end(interleaving& play) {
    real::probes_end(play, {ended...}, false);
}
template <std::uint64_t before, outcome... ended>
void race(interleaving& play) {
    real::outcomes_race(play, {ended...}, before);
}
template <std::uint64_t before, outcome... ended>
void race_in_time(interleaving& play) {
    real::outcomes_race_in_time(play, {ended...}, before);
}

const std::vector<weak_scenario> scenarios = {
    {"two for one place",
     [](interleaving& play) { real::race_into_half_open(play, 1, 2); },
     {.preemptions = 2, .deaths = 0, .old_reads = 1},
     deep_of_many},
    {"three for two places",
     [](interleaving& play) { real::race_into_half_open(play, 2, 3); },
     {.preemptions = 1, .deaths = 0, .old_reads = 1},
     deep_of_most},
    {"two ok probes",
     probes_end<outcome::ok, outcome::ok>,
     {.preemptions = 2, .deaths = 0, .old_reads = 1},
     deep_of_many},
    {"an ok probe and a bad one",
     probes_end<outcome::ok, outcome::error>,
     {.preemptions = 2, .deaths = 0, .old_reads = 1},
     deep_of_many},
    {"a prober is stopped",
     real::a_prober_is_stopped_for_long,
     {.preemptions = 1, .deaths = 0, .old_reads = 1},
     deep_of_most},
    {"half open ends meanwhile",
     real::half_open_ends_meanwhile,
     {.preemptions = 2, .deaths = 0, .old_reads = 1},
     deep_of_many},
    {"a place is inherited", real::a_place_is_inherited, {.preemptions = 1, .deaths = 0, .old_reads = 1}, deep_of_most},
    {"a place is given back meanwhile",
     real::a_place_is_given_back_meanwhile,
     {.preemptions = 2, .deaths = 0, .old_reads = 1},
     deep_of_many},
    {"outcomes race",
     (race<1, outcome::error, outcome::error>),
     {.preemptions = 2, .deaths = 0, .old_reads = 1},
     deep_of_many},
    {"outcomes race at the end of a block",
     (race<22, outcome::error, outcome::error>),
     {.preemptions = 2, .deaths = 0, .old_reads = 1},
     deep_of_many},
    {"outcomes race over the end of a block",
     (race<23, outcome::error, outcome::ok>),
     {.preemptions = 2, .deaths = 0, .old_reads = 1},
     deep_of_many},
    {"outcomes race in time",
     (race_in_time<1, outcome::error, outcome::error>),
     {.preemptions = 2, .deaths = 0, .old_reads = 1},
     deep_of_many},
    {"a bad and an ok outcome race in time",
     (race_in_time<0, outcome::ok, outcome::error>),
     {.preemptions = 2, .deaths = 0, .old_reads = 1},
     deep_of_many},
    {"a reset comes between",
     real::a_reset_comes_between,
     {.preemptions = 2, .deaths = 0, .old_reads = 1},
     deep_of_many},
    {"somebody counts transitions",
     real::somebody_counts_transitions,
     {.preemptions = 2, .deaths = 0, .old_reads = 1},
     deep_of_many},
    {"a keeper sees what is old twice",
     window_scenarios<shm::count_window<stepped>>::a_keeper_is_stopped,
     {.preemptions = 0, .deaths = 0, .old_reads = 2},
     {.preemptions = 0, .deaths = 0, .old_reads = 2}},
    {"a keeper is stopped",
     window_scenarios<shm::count_window<stepped>>::a_keeper_is_stopped,
     {.preemptions = 1, .deaths = 0, .old_reads = 1},
     deep_without_deaths},
    {"terms change before it opens",
     real::terms_change_before_it_opens,
     {.preemptions = 2, .deaths = 0, .old_reads = 1}},
    {"a prober is late in reused memory",
     reused::a_prober_is_late,
     {.preemptions = 2, .deaths = 0, .old_reads = 2},
     deep_of_most},
    {"a call is late in reused memory",
     reused::a_call_is_late,
     {.preemptions = 2, .deaths = 0, .old_reads = 2},
     deep_of_most},
    {"a probe ends late in reused memory",
     reused::a_probe_ends_late<outcome::ok>,
     {.preemptions = 2, .deaths = 0, .old_reads = 1},
     deep_of_most},
    {"an outcome is late in reused memory",
     reused::an_outcome_is_late_by_count,
     {.preemptions = 2, .deaths = 0, .old_reads = 1},
     deep_of_most},
    {"an outcome is late in reused memory, in time",
     reused::an_outcome_is_late_in_time,
     {.preemptions = 2, .deaths = 0, .old_reads = 1},
     deep_of_most},
    {"an operator is late in reused memory",
     reused::an_operator_is_late,
     {.preemptions = 2, .deaths = 0, .old_reads = 1},
     deep_of_most},
};

TEST(BreakerOrders, Suffice) { expect_orders_suffice(scenarios); }

TEST(BreakerOrders, AreNeeded) {
    expect_orders_needed({"breaker.hpp", "outcome_window.hpp", "transition_counts.hpp"}, scenarios);
}

}  // namespace
}  // namespace seki::test
