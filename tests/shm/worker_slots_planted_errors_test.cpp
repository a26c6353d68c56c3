// Parts of how a worker slot is had that are needed: without one, some interleaving goes wrong, and the exploration says which. What is tried here is what ships with a
// line changed (planted_list.cmake).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planted/frees_whatever_has_a_name.hpp"
#include "planted/frees_whose_process_slot_is_free.hpp"
#include "planted/gives_back_by_a_store.hpp"
#include "planted/gives_back_what_is_anothers.hpp"
#include "planted/takes_by_a_store.hpp"
#include "planted_error.hpp"
#include "shm/worker_slots_scenarios.hpp"

namespace seki::test {
namespace {

using testing::StartsWith;

TEST(WorkerSlotsPlantedErrors, WhoTakesByAStoreTakesWhatAnotherHas) {
    using broken = worker_slots_scenarios<shm::takes_by_a_store::worker_slots>;
    EXPECT_THAT(found({.preemptions = 2, .deaths = 0}, broken::three_threads), StartsWith("two have one slot"));
}

TEST(WorkerSlotsPlantedErrors, WhoGivesBackByAStoreGivesBackWhatIsAnothers) {
    using broken = worker_slots_scenarios<shm::gives_back_by_a_store::worker_slots>;
    EXPECT_THAT(found({.preemptions = 2, .deaths = 1}, broken::the_dead_are_reaped),
                StartsWith("a slot is taken from"));
}

TEST(WorkerSlotsPlantedErrors, WhoGivesBackWhateverIsThereGivesBackWhatIsAnothers) {
    using broken = worker_slots_scenarios<shm::gives_back_what_is_anothers::worker_slots>;
    EXPECT_THAT(found({.preemptions = 2, .deaths = 1}, broken::the_dead_are_reaped),
                StartsWith("a slot is taken from"));
}

TEST(WorkerSlotsPlantedErrors, WhoLooksForProcessSlotsLosesTheSlotOfTheDead) {
    using broken = worker_slots_scenarios<shm::frees_whose_process_slot_is_free::worker_slots>;
    EXPECT_THAT(found({.preemptions = 2, .deaths = 1}, broken::orphans_are_freed), StartsWith("a slot is nobody's"));
}

TEST(WorkerSlotsPlantedErrors, WhoComparesNoGenerationTakesFromTheLiving) {
    using broken = worker_slots_scenarios<shm::frees_whatever_has_a_name::worker_slots>;
    EXPECT_THAT(found({.preemptions = 1, .deaths = 0}, broken::orphans_are_freed), StartsWith("a slot is taken from"));
}

}  // namespace
}  // namespace seki::test
