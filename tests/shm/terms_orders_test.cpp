// The terms of a primitive as they are published and read, on memory as weak as C++ allows; and each of their orders weakened.
#include <cstdint>

#include "shm/directory.hpp"
#include "shm/directory_entry_scenarios.hpp"
#include "shm/order_sweep.hpp"
#include "support/stepped_memory.hpp"

namespace seki::test {
namespace {

shm::terms all_of(std::uint64_t value) {
    shm::terms terms{};
    terms.fill(value);
    return terms;
}

// Terms change twice, into the block that is not in force and then into the other, while two read them.
void terms_change_twice(interleaving& play) {
    layout::directory_entry entry{};
    shm::publish_terms(entry, all_of(1));
    const std::uint64_t first = shm::terms_version(entry);
    const auto read = [&] {
        const auto found = shm::read_terms<stepped>(entry);
        if (found.version == shm::never_in_force) return;
        for (const std::uint64_t each : found.values)
            if (each != found.version - first + 1) play.fail("terms are mixed");
    };
    play.together({[&] {
                       shm::publish_terms<stepped>(entry, all_of(2));
                       shm::publish_terms<stepped>(entry, all_of(3));
                   },
                   read});
}

// Piece by piece, as who decides does.
void terms_are_read_in_pieces(interleaving& play) {
    layout::directory_entry entry{};
    shm::publish_terms(entry, all_of(1));
    const std::uint64_t first = shm::terms_version(entry);
    play.together({[&] {
                       shm::publish_terms<stepped>(entry, all_of(2));
                       shm::publish_terms<stepped>(entry, all_of(3));
                   },
                   [&] {
                       const std::uint64_t version = shm::terms_version<stepped>(entry);
                       const std::uint64_t value = shm::read_term<stepped>(entry, version, 3);
                       if (shm::in_force<stepped>(entry, version) && value != version - first + 1)
                           play.fail("a term of others is taken for one in force");
                   }});
}

const std::vector<weak_scenario> scenarios = {
    {"terms change twice", terms_change_twice},
    {"terms are read in pieces", terms_are_read_in_pieces},
    {"those of a creation are remembered",
     directory_entry_scenarios<shm::entry_words<stepped>>::its_creation_is_remembered,
     {.preemptions = 2, .deaths = 0, .old_reads = 1},
     deep_of_many},
};

TEST(TermsOrders, Suffice) { expect_orders_suffice(scenarios); }

TEST(TermsOrders, AreNeeded) { expect_orders_needed({"directory.hpp"}, scenarios); }

}  // namespace
}  // namespace seki::test
