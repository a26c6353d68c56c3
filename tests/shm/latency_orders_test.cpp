// The times of calls as they ship, on memory as weak as C++ allows; and each of their orders weakened.
#include "shm/latency_scenarios.hpp"
#include "shm/order_sweep.hpp"

namespace seki::test {
namespace {

using real = latency_scenarios<shm::latency_window<stepped>>;

const std::vector<weak_scenario> scenarios = {
    {"three of one bucket", real::three_of_one_bucket, {.preemptions = 3, .deaths = 0, .old_reads = 1}},
    {"one comes late", real::one_comes_late, {.preemptions = 3, .deaths = 0, .old_reads = 1}},
};

TEST(LatencyOrders, Suffice) { expect_orders_suffice(scenarios); }

TEST(LatencyOrders, AreNeeded) { expect_orders_needed({"latency_window.hpp"}, scenarios); }

}  // namespace
}  // namespace seki::test
