// What comes of a few actors in the structures that ship is the same, whether each schedule of theirs is run, or each state is gone on from once
// (support/interleaving.hpp): what all were told, how they ended, and what stands in the words.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "shm/breaker_scenarios.hpp"
#include "shm/directory_entry_scenarios.hpp"
#include "shm/event_ring.hpp"
#include "shm/event_ring_scenarios.hpp"
#include "shm/key_table.hpp"
#include "shm/key_table_scenarios.hpp"
#include "shm/permit_scenarios.hpp"
#include "shm/process_list_scenarios.hpp"
#include "shm/waiter_scenarios.hpp"
#include "shm/worker_slots_scenarios.hpp"

namespace seki::test {
namespace {

template <class Kernel>
using waiters = shm::permit_waiters<stepped, Kernel>;

struct compared {
    const char* name;
    attempt one;
};
const std::vector<compared> structures = {
    {"permits", permit_scenarios<shm::permits<stepped>>::max_goes_up_and_down},
    {"waiters", waiter_scenarios<waiters>::one_waits},
    {"breaker", breaker_scenarios<shm::breaker<stepped>>::half_open_ends_meanwhile},
    {"events", event_ring_scenarios<shm::event_ring<stepped, tiny_events>>::two_who_share},
    {"keys", scenarios<shm::key_table<stepped>>::two_spend_one_key},
    {"processes", process_list_scenarios<shm::process_words<stepped>>::two_follow_each_other},
    {"worker slots", worker_slots_scenarios<shm::worker_slots>::orphans_are_freed},
    {"directory", directory_entry_scenarios<shm::entry_words<stepped>>::one_administrator_follows_another},
};

// Fails if the explorer takes one state of a structure for another.
void expect_same_outcomes(bounds within) {
    within.keeps_outcomes = true;
    bounds every = within;
    every.every_schedule = true;
    for (const compared& each : structures) {
        const exploration all = explore(every, each.one), once = explore(within, each.one);
        EXPECT_EQ(all.outcomes, once.outcomes) << each.name;
        EXPECT_LE(once.schedules, all.schedules) << each.name;
        std::printf("%s: %llu schedules come to %zu outcomes, and so do %llu\n", each.name,
                    static_cast<unsigned long long>(all.schedules), all.outcomes.size(),
                    static_cast<unsigned long long>(once.schedules));
    }
}

TEST(KnownStates, NoOutcomeIsLost) { expect_same_outcomes({.preemptions = 2, .deaths = 0}); }

TEST(KnownStates, NoOutcomeOfADeathIsLost) { expect_same_outcomes({.preemptions = 1, .deaths = 1}); }

TEST(KnownStates, NoOutcomeOfAnOldReadIsLost) { expect_same_outcomes({.preemptions = 1, .deaths = 0, .old_reads = 1}); }

}  // namespace
}  // namespace seki::test
