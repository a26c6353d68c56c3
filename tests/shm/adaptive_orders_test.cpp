// The window of an adaptive limit that ships, on memory as weak as C++ allows; and each of its orders weakened.
#include "shm/adaptive_scenarios.hpp"
#include "shm/adaptive_window.hpp"
#include "shm/order_sweep.hpp"

namespace seki::test {
namespace {

using real = adaptive_scenarios<shm::adaptive_window<stepped>>;

const std::vector<weak_scenario> scenarios = {
    {"two windows", real::two_windows, {.preemptions = 2, .deaths = 0, .old_reads = 1}},
    {"one overtakes", real::one_overtakes, {.preemptions = 3, .deaths = 0, .old_reads = 1}},
    {"upkeep", real::upkeep, {.preemptions = 2, .deaths = 0, .old_reads = 1}},
    {"lowered", real::lowered, {.preemptions = 2, .deaths = 1, .old_reads = 1}},
    {"one is late in reused memory",
     real::one_is_late_in_reused_memory,
     {.preemptions = 2, .deaths = 1, .old_reads = 1}},
    {"one that begins lower follows",
     real::one_that_begins_lower_follows,
     {.preemptions = 2, .deaths = 0, .old_reads = 1}},
};

TEST(AdaptiveOrders, Suffice) { expect_orders_suffice(scenarios); }

TEST(AdaptiveOrders, AreNeeded) { expect_orders_needed({"adaptive_window.hpp"}, scenarios); }

}  // namespace
}  // namespace seki::test
