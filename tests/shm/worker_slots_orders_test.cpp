// Who has a worker slot, on memory as weak as C++ allows; and each of its orders weakened.
#include "shm/order_sweep.hpp"
#include "shm/worker_slots_scenarios.hpp"

namespace seki::test {
namespace {

using real = worker_slots_scenarios<shm::worker_slots>;

const std::vector<weak_scenario> scenarios = {
    {"three threads", real::three_threads},
    {"the dead are reaped", real::the_dead_are_reaped, {.preemptions = 1, .deaths = 1, .old_reads = 1}, deep_of_many},
    {"orphans are freed", real::orphans_are_freed, {.preemptions = 1, .deaths = 0, .old_reads = 1}},
};

TEST(WorkerSlotsOrders, Suffice) { expect_orders_suffice(scenarios); }

TEST(WorkerSlotsOrders, AreNeeded) { expect_orders_needed({"worker_slots.hpp"}, scenarios); }

}  // namespace
}  // namespace seki::test
