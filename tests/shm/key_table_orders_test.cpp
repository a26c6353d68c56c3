// The key table that ships, on memory as weak as C++ allows; and each of its orders weakened.
#include "shm/key_table.hpp"
#include "shm/key_table_reuse_scenarios.hpp"
#include "shm/key_table_scenarios.hpp"
#include "shm/key_text.hpp"
#include "shm/order_sweep.hpp"

namespace seki::test {
namespace {

using real = scenarios<shm::key_table<stepped>>;
using reused = reuse_scenarios<shm::key_table<stepped>>;

const std::vector<weak_scenario> all = {
    {"two insert one key", real::two_insert_one_key, {.preemptions = 2, .deaths = 0, .old_reads = 1}, deep_of_many},
    {"three insert one key",
     real::three_insert_one_key,
     {.preemptions = 1, .deaths = 0, .old_reads = 1},
     deep_without_deaths},
    {"two spend one key", real::two_spend_one_key, {.preemptions = 2, .deaths = 0, .old_reads = 1}, deep_of_many},
    {"two keys want one slot",
     real::two_keys_want_one_slot<1>,
     {.preemptions = 2, .deaths = 0, .old_reads = 1},
     deep_of_many},
    {"two keys of two stripes",
     real::two_keys_want_one_slot<2>,
     {.preemptions = 2, .deaths = 0, .old_reads = 1},
     deep_of_many},
    {"another key comes between",
     real::another_key_comes_between,
     {.preemptions = 1, .deaths = 0, .old_reads = 1},
     deep_without_deaths},
    {"helpers come late",
     real::helpers_come_late,
     {.preemptions = 1, .deaths = 0, .old_reads = 1},
     deep_without_deaths},
    {"a spender is stopped",
     real::a_spender_is_stopped_for_long,
     {.preemptions = 2, .deaths = 0, .old_reads = 1},
     deep_of_many},
    {"a sweep meets two spenders",
     real::a_sweep_meets_two_spenders,
     {.preemptions = 1, .deaths = 0, .old_reads = 1},
     deep_without_deaths},
    {"a swept key comes back",
     real::a_swept_key_comes_back,
     {.preemptions = 1, .deaths = 0, .old_reads = 1},
     deep_without_deaths},
    {"helpers come after the sweep",
     real::helpers_come_after_the_sweep,
     {.preemptions = 1, .deaths = 0, .old_reads = 1},
     deep_without_deaths},
    {"one is late in reused memory",
     reused::one_is_late<overlay::same>,
     {.preemptions = 2, .deaths = 0, .old_reads = 1},
     deep_of_many},
    {"one is late in shifted memory",
     (reused::one_is_late<overlay::shifted>),
     {.preemptions = 1, .deaths = 0, .old_reads = 1},
     deep_of_many},
    {"a text is late",
     reused::a_text_is_late<shm::key_texts<stepped>>,
     {.preemptions = 1, .deaths = 0, .old_reads = 1},
     deep_of_many},
    {"a text is late to another kind",
     reused::a_text_is_late_to_another_kind<shm::key_texts<stepped>>,
     {.preemptions = 1, .deaths = 0, .old_reads = 1},
     deep_of_many},
};

TEST(KeyTableOrders, Suffice) { expect_orders_suffice(all); }

TEST(KeyTableOrders, AreNeeded) { expect_orders_needed({"key_table.hpp", "key_text.hpp"}, all); }

}  // namespace
}  // namespace seki::test
