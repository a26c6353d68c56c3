// The event ring that ships, on memory as weak as C++ allows; and each of its orders weakened.
#include "shm/event_ring.hpp"
#include "shm/event_ring_scenarios.hpp"
#include "shm/order_sweep.hpp"

namespace seki::test {
namespace {

using real = event_ring_scenarios<shm::event_ring<stepped, tiny_events>>;

const std::vector<weak_scenario> scenarios = {
    {"an owner and a consumer", real::an_owner_and_a_consumer, {.preemptions = 2, .deaths = 0, .old_reads = 1}},
    {"two who share", real::two_who_share, {.preemptions = 1, .deaths = 0, .old_reads = 1}},
    {"one who shares is stopped", real::one_who_shares_is_stopped, {.preemptions = 2, .deaths = 0, .old_reads = 1}},
    {"a late owner", real::a_late_owner, {.preemptions = 1, .deaths = 0, .old_reads = 1}},
    {"two consumers", real::two_consumers, {.preemptions = 2, .deaths = 0, .old_reads = 1}},
};

TEST(EventRingOrders, Suffice) { expect_orders_suffice(scenarios); }

TEST(EventRingOrders, AreNeeded) { expect_orders_needed({"event_ring.hpp"}, scenarios); }

}  // namespace
}  // namespace seki::test
