// The bell that ships, on memory as weak as C++ allows; and each of its orders weakened.
#include "shm/order_sweep.hpp"
#include "shm/waiter_scenarios.hpp"

namespace seki::test {
namespace {

template <class Kernel>
using shipped = shm::permit_waiters<stepped, Kernel>;
using real = waiter_scenarios<shipped>;

const std::vector<weak_scenario> scenarios = {
    {"one waits", real::one_waits, {.preemptions = 2, .deaths = 0, .old_reads = 1}},
    {"one waits, and a death", real::one_waits, {.preemptions = 1, .deaths = 1, .old_reads = 1}},
    {"two wait", real::two_wait, {.preemptions = 1, .deaths = 0, .old_reads = 1}, deep_without_deaths},
    {"max is raised", real::max_is_raised, {.preemptions = 1, .deaths = 0, .old_reads = 1}, deep_without_deaths},
};

TEST(PermitWaitersOrders, Suffice) { expect_orders_suffice(scenarios); }

TEST(PermitWaitersOrders, AreNeeded) { expect_orders_needed({"permit_waiters.hpp"}, scenarios); }

}  // namespace
}  // namespace seki::test
