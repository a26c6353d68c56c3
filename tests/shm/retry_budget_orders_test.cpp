// The budget that ships, on memory as weak as C++ allows; and each of its orders weakened.
#include "shm/order_sweep.hpp"
#include "shm/retry_budget.hpp"
#include "shm/retry_budget_scenarios.hpp"

namespace seki::test {
namespace {

using real = retry_budget_scenarios<shm::retry_budget<stepped>>;

const std::vector<weak_scenario> scenarios = {
    {"the last one", real::the_last_one, {.preemptions = 2, .deaths = 0, .old_reads = 1}},
    {"a new window", real::a_new_window, {.preemptions = 2, .deaths = 0, .old_reads = 1}},
    {"time passes", real::time_passes, {.preemptions = 2, .deaths = 0, .old_reads = 1}},
    {"calls back retries", real::calls_back_retries, {.preemptions = 2, .deaths = 0, .old_reads = 1}},
    {"one is late in reused memory",
     real::one_is_late_in_reused_memory,
     {.preemptions = 2, .deaths = 0, .old_reads = 1}},
};

TEST(RetryBudgetOrders, Suffice) { expect_orders_suffice(scenarios); }

TEST(RetryBudgetOrders, AreNeeded) { expect_orders_needed({"retry_budget.hpp"}, scenarios); }

}  // namespace
}  // namespace seki::test
