// Whether each order in the code of a structure is needed: each is weakened by itself, and some scenario must go wrong then (support/order_book.hpp). Which
// nothing notices stands in needless_orders.toml, with the reason.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/interleaving.hpp"

namespace seki::test {

// What is tried: the more the deeper. `tools/prove` sets SEKI_DEEP. Where three actors, or many words, make it too much for that (a minute for one order), less.
inline constexpr bounds deep_of_many{.preemptions = 3, .deaths = 1, .old_reads = 1},
    deep_of_most{.preemptions = 2, .deaths = 1, .old_reads = 1},
    deep_without_deaths{.preemptions = 2, .deaths = 0, .old_reads = 2};

struct weak_scenario {
    std::string name;
    attempt one;
    bounds brief{.preemptions = 2, .deaths = 0, .old_reads = 1};
    bounds deep{.preemptions = 3, .deaths = 1, .old_reads = 2};
};

// Fails if a scenario goes wrong with what the orders of the code that ships allow.
void expect_orders_suffice(const std::vector<weak_scenario>& scenarios);

// Of the orders in these files of src/shm. Fails if nothing notices that one is weakened, or nothing comes by it, and no reason is given; or if there is a reason,
// and it is noticed all the same.
void expect_orders_needed(const std::vector<std::string>& files, const std::vector<weak_scenario>& scenarios);

}  // namespace seki::test
