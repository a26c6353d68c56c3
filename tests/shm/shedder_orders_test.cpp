// What a shedder has in shared memory, on memory as weak as C++ allows; and each of its orders weakened.
#include "shm/order_sweep.hpp"
#include "shm/permits.hpp"
#include "shm/shedder_scenarios.hpp"
#include "shm/shedder_state.hpp"

namespace seki::test {
namespace {

using codel = codel_scenarios<shm::shedder_state<stepped>>;
using beyond = beyond_scenarios<shm::shedder_places<stepped>>;
using priorities = priority_scenarios<shm::permits<stepped>>;

const std::vector<weak_scenario> scenarios = {
    {"all are late", codel::all_are_late, {.preemptions = 3, .deaths = 0, .old_reads = 1}},
    {"one is quick", codel::one_is_quick, {.preemptions = 3, .deaths = 0, .old_reads = 1}},
    {"three priorities", priorities::three_come_at_once, {.preemptions = 2, .deaths = 0, .old_reads = 1}},
    {"beyond, from closed", beyond::from_closed, {.preemptions = 1, .deaths = 0, .old_reads = 1}, deep_of_many},
    {"beyond, from open", beyond::from_open, {.preemptions = 1, .deaths = 0, .old_reads = 1}, deep_of_many},
    {"two count", beyond::two_count, {.preemptions = 1, .deaths = 0, .old_reads = 1}, deep_of_many},
};

TEST(ShedderOrders, Suffice) { expect_orders_suffice(scenarios); }

TEST(ShedderOrders, AreNeeded) { expect_orders_needed({"shedder_state.hpp", "shedder_places.hpp"}, scenarios); }

}  // namespace
}  // namespace seki::test
