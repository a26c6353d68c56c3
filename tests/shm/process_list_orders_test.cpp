// The list of processes, on memory as weak as C++ allows; and each of its orders weakened.
#include "shm/order_sweep.hpp"
#include "shm/process_list_scenarios.hpp"

namespace seki::test {
namespace {

using real = process_list_scenarios<shm::process_words<stepped>>;

using identity = shm::process_identity;

constexpr bounds brief{.preemptions = 2, .deaths = 0, .old_reads = 1};
constexpr bounds dying{.preemptions = 1, .deaths = 1, .old_reads = 1};
const std::vector<weak_scenario> scenarios = {
    {"three come", real::three_come, {.preemptions = 1, .deaths = 0, .old_reads = 1}, deep_of_most},
    {"two follow each other",
     real::two_follow_each_other,
     {.preemptions = 1, .deaths = 1, .old_reads = 1},
     deep_of_most},
    {"a stranger loses its lock", real::a_stranger_loses_its_lock, brief, deep_of_most},
    {"a look-alike loses its lock", real::a_look_alike_loses_its_lock, brief, deep_of_most},
    {"a look-alike follows", real::a_look_alike_follows<&identity::pid>, dying, deep_of_many},
    {"a look-alike follows, of another time", real::a_look_alike_follows<&identity::start_time>, dying, deep_of_many},
    {"a look-alike follows, from elsewhere", real::a_look_alike_follows<&identity::pid_namespace>, dying, deep_of_many},
    {"a look-alike follows, another program", real::a_look_alike_follows<&identity::image>, dying, deep_of_many},
    {"two copies",
     real::two_copies_come,
     {.preemptions = 1, .deaths = 0, .old_reads = 1},
     {.preemptions = 3, .deaths = 0, .old_reads = 2}},  // they die together, or not at all
};

TEST(ProcessListOrders, Suffice) { expect_orders_suffice(scenarios); }

TEST(ProcessListOrders, AreNeeded) { expect_orders_needed({"process_list.hpp"}, scenarios); }

}  // namespace
}  // namespace seki::test
