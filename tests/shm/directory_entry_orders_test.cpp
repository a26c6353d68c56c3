// An entry of the directory, on memory as weak as C++ allows; and each of its orders weakened.
#include "shm/directory_entry_scenarios.hpp"
#include "shm/order_sweep.hpp"

namespace seki::test {
namespace {

using real = directory_entry_scenarios<shm::entry_words<stepped>>;

constexpr bounds brief{.preemptions = 2, .deaths = 0, .old_reads = 1};
const std::vector<weak_scenario> scenarios = {
    {"one is made", real::one_is_made, brief, deep_of_many},
    {"one follows another", real::one_follows_another, brief, deep_of_many},
    {"one loses its piece", real::one_loses_its_piece, {.preemptions = 2, .deaths = 0, .old_reads = 2}, deep_of_many},
    {"one follows in the same piece", real::one_follows_in_the_same_piece, brief, deep_of_many},
    {"its creation is remembered", real::its_creation_is_remembered, brief, deep_of_many},
    {"its terms are remembered",
     real::its_terms_are_remembered,
     {.preemptions = 1, .deaths = 0, .old_reads = 1},
     deep_of_many},
    {"a text is late", real::a_text_is_late, brief, deep_of_many},
    {"one administrator follows another",
     real::one_administrator_follows_another,
     {.preemptions = 0, .deaths = 1, .old_reads = 1},
     {.preemptions = 1, .deaths = 1, .old_reads = 1}},
};

TEST(DirectoryEntryOrders, Suffice) { expect_orders_suffice(scenarios); }

TEST(DirectoryEntryOrders, AreNeeded) { expect_orders_needed({"directory_entry.hpp", "stored_name.hpp"}, scenarios); }

}  // namespace
}  // namespace seki::test
