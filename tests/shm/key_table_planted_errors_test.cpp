// Parts of the insert that are needed: without one, some interleaving goes wrong, and the exploration says which. The tables here are the one that
// ships with a line changed (planted.cmake). Parts whose lack shows only with four actors are left to tests/protocol.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planted/fresh_without_time.hpp"
#include "planted/helps_only_its_own.hpp"
#include "planted/hindered_by_halves.hpp"
#include "planted/sweeps_by_the_tag.hpp"
#include "planted/sweeps_without_stamp.hpp"
#include "planted/without_look.hpp"
#include "planted/without_sequence.hpp"
#include "planted_error.hpp"
#include "shm/key_table.hpp"
#include "shm/key_table_scenarios.hpp"

namespace seki::test {
namespace {

using testing::StartsWith;

// What is found, and with how many schedules.
// A compare-and-swap that takes one empty for another.
struct blind_to_stamps : stepped {
    static bool cas_pair(pair& p, pair_value expected, pair_value desired) noexcept {
        interleaving::before_unknown_access(&p, "cas_pair");
        const std::uint64_t first = machine::load_first_acquire(p);
        if (((expected.first | first) & layout::tag_bit) == 0) expected.first = first;
        return machine::cas_pair(p, expected, desired);
    }
};

// One that looks at the tag alone.
struct blind_to_states : stepped {
    static bool cas_pair(pair& p, pair_value expected, pair_value desired) noexcept {
        interleaving::before_unknown_access(&p, "cas_pair");
        if ((expected.first & layout::tag_bit) != 0) expected.second = machine::load_second_acquire(p);
        return machine::cas_pair(p, expected, desired);
    }
};

TEST(KeyTablePlantedErrors, AnEmptyTakenForAnotherIsFound) {
    using broken = scenarios<shm::key_table<blind_to_stamps>>;
    EXPECT_THAT(found({.preemptions = 3}, broken::helpers_come_late), StartsWith("two slots hold one key"));
}

TEST(KeyTablePlantedErrors, ADecisionThatDoesNotProveItsStateIsFound) {
    using broken = scenarios<shm::key_table<blind_to_states>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::two_spend_one_key), StartsWith("a key is spent twice"));
}

TEST(KeyTablePlantedErrors, PlacingWithoutALookAtTheStripeIsFound) {
    using broken = scenarios<shm::without_look::key_table<stepped>>;
    EXPECT_THAT(found({.preemptions = 3}, broken::helpers_come_late), StartsWith("two slots hold one key"));
}

TEST(KeyTablePlantedErrors, AStripeThatDoesNotCountIsFound) {
    using broken = scenarios<shm::without_sequence::key_table<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::another_key_comes_between), StartsWith("two slots hold one key"));
}

TEST(KeyTablePlantedErrors, TakingABusyStripeForAScribbledOneIsFound) {
    using broken = scenarios<shm::hindered_by_halves::key_table<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::another_key_comes_between), StartsWith("an insert is hindered"));
}

TEST(KeyTablePlantedErrors, WaitingForTheDeadIsFound) {
    using broken = scenarios<shm::helps_only_its_own::key_table<stepped>>;
    EXPECT_EQ(found({.preemptions = 0, .deaths = 0}, broken::another_key_comes_between), "");
    EXPECT_THAT(found({.preemptions = 0, .deaths = 1}, broken::another_key_comes_between),
                StartsWith("an actor does not come to an end"));
}

TEST(KeyTablePlantedErrors, AFreshStateThatDoesNotTellItsTimeIsFound) {
    using broken = scenarios<shm::fresh_without_time::key_table<stepped>>;
    EXPECT_THAT(found({.preemptions = 1}, broken::a_spender_is_stopped_for_long), StartsWith("a key is spent twice"));
}

TEST(KeyTablePlantedErrors, ASweepThatLeavesAnEmptyOfBeforeIsFound) {
    using broken = scenarios<shm::sweeps_without_stamp::key_table<stepped>>;
    EXPECT_THAT(found({.preemptions = 3}, broken::helpers_come_after_the_sweep), StartsWith("two slots hold one key"));
}

TEST(KeyTablePlantedErrors, ASweepThatDoesNotProveWhatItJudgedIsFound) {
    using broken = scenarios<shm::sweeps_by_the_tag::key_table<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::a_sweep_meets_two_spenders), StartsWith("a "));
}

}  // namespace
}  // namespace seki::test
