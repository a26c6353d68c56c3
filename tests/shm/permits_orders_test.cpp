// The permits that ship, on memory as weak as C++ allows; and each of their orders weakened.
#include "shm/order_sweep.hpp"
#include "shm/permit_scenarios.hpp"
#include "shm/permits.hpp"
#include "shm/shedder_scenarios.hpp"

namespace seki::test {
namespace {

using real = permit_scenarios<shm::permits<stepped>>;
using beyond = beyond_scenarios<shm::shedder_places<stepped>>;
using priorities = priority_scenarios<shm::permits<stepped>>;

const std::vector<weak_scenario> scenarios = {
    {"two for one", real::two_for_one, {.preemptions = 2, .deaths = 0, .old_reads = 1}},
    {"two for one, and a death", real::two_for_one, {.preemptions = 1, .deaths = 1, .old_reads = 1}},
    {"one keeps the upper", real::one_keeps_the_upper, {.preemptions = 2, .deaths = 0, .old_reads = 1}},
    {"two who come while permits drain", real::two_come_while_permits_drain},
    {"max is lowered", real::max_is_lowered, {.preemptions = 2, .deaths = 0, .old_reads = 2}},
    {"two who take, and one who tidies", real::two_and_who_tidies, {.preemptions = 1, .deaths = 1, .old_reads = 1}},
    {"a late reclaimer", real::a_late_reclaimer, {.preemptions = 1, .deaths = 1, .old_reads = 1}, deep_of_many},
    {"two ask in turns", real::two_ask_in_turns, {.preemptions = 1, .deaths = 1, .old_reads = 1}, deep_of_many},
    {"max goes up and down", real::max_goes_up_and_down, {.preemptions = 1, .deaths = 0, .old_reads = 1}, deep_of_many},
    {"terms are set right", real::terms_are_set_right, {.preemptions = 1, .deaths = 0, .old_reads = 1}},
    {"a priority has its part", priorities::three_come_at_once, {.preemptions = 2, .deaths = 0, .old_reads = 1}},
    {"beyond, from open", beyond::from_open, {.preemptions = 1, .deaths = 0, .old_reads = 1}, deep_of_most},
    {"two count", beyond::two_count, {.preemptions = 1, .deaths = 0, .old_reads = 1}, deep_of_most},
};

TEST(PermitsOrders, Suffice) { expect_orders_suffice(scenarios); }

TEST(PermitsOrders, AreNeeded) { expect_orders_needed({"permits.hpp"}, scenarios); }

}  // namespace
}  // namespace seki::test
