// Parts of the protocol of the list of processes that are needed: without one, some interleaving goes wrong, and the exploration says which. What is tried here is what
// ships with a line changed (planted_list.cmake).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planted/asks_about_its_own_claim.hpp"
#include "planted/asks_about_itself.hpp"
#include "planted/believes_the_lock_alone.hpp"
#include "planted/describes_itself_blindly.hpp"
#include "planted/drops_anothers_lock.hpp"
#include "planted/gives_way_with_the_lock.hpp"
#include "planted/judges_by_a_successor.hpp"
#include "planted/locks_once.hpp"
#include "planted/takes_off_whoever_is_there.hpp"
#include "planted/unlocks_before_it_withdraws.hpp"
#include "planted_error.hpp"
#include "shm/process_list_scenarios.hpp"

namespace seki::test {
namespace {

using testing::StartsWith;

TEST(ProcessListPlantedErrors, WhoDescribesItselfBlindlyDoesSoInAnothersSlot) {
    using broken = process_list_scenarios<shm::describes_itself_blindly::process_words<stepped>>;
    EXPECT_THAT(found({.preemptions = 3, .deaths = 0}, broken::a_stranger_loses_its_lock),
                StartsWith("somebody describes itself"));
}

TEST(ProcessListPlantedErrors, WhoTakesOffWhoeverIsThereTakesOffTheLiving) {
    using broken = process_list_scenarios<shm::takes_off_whoever_is_there::process_words<stepped>>;
    EXPECT_THAT(found({.preemptions = 2, .deaths = 1}, broken::three_come), StartsWith("who lives is taken off"));
}

TEST(ProcessListPlantedErrors, WhoAsksAboutItselfDropsItsLock) {
    using broken = process_list_scenarios<shm::asks_about_itself::process_words<stepped>>;
    EXPECT_THAT(found({.preemptions = 1, .deaths = 0}, broken::three_come),
                StartsWith("who is on the list has no lock"));
}

TEST(ProcessListPlantedErrors, WhoBelievesTheLockAloneTakesOffWhoClosedItsFile) {
    using broken = process_list_scenarios<shm::believes_the_lock_alone::process_words<stepped>>;
    EXPECT_THAT(found({.preemptions = 2, .deaths = 0}, broken::a_stranger_loses_its_lock),
                StartsWith("one that is seen to live"));
}

TEST(ProcessListPlantedErrors, WhoUnlocksBeforeItWithdrawsIsThereWithoutALock) {
    using broken = process_list_scenarios<shm::unlocks_before_it_withdraws::process_words<stepped>>;
    EXPECT_THAT(found({.preemptions = 1, .deaths = 0}, broken::three_come), StartsWith("it drops its lock"));
}

TEST(ProcessListPlantedErrors, WhoAsksAboutItsOwnClaimDropsTheLockOfItsOtherCopy) {
    using broken = process_list_scenarios<shm::asks_about_its_own_claim::process_words<stepped>>;
    EXPECT_THAT(found({.preemptions = 2, .deaths = 0}, broken::two_copies_come),
                StartsWith("who is on the list has no lock"));
}

TEST(ProcessListPlantedErrors, WhoLocksOnceMayHaveLostTheLockToItsOtherCopy) {
    using broken = process_list_scenarios<shm::locks_once::process_words<stepped>>;
    EXPECT_THAT(found({.preemptions = 3, .deaths = 0}, broken::two_copies_come),
                StartsWith("who is on the list has no lock"));
}

TEST(ProcessListPlantedErrors, WhoGivesWayWithTheLockDropsThatOfItsOtherCopy) {
    using broken = process_list_scenarios<shm::gives_way_with_the_lock::process_words<stepped>>;
    EXPECT_THAT(found({.preemptions = 3, .deaths = 0}, broken::two_copies_come_beside_another),
                StartsWith("who is on the list has no lock"));
}

TEST(ProcessListPlantedErrors, WhoDropsTheLockInAnyCaseDropsThatOfItsOtherCopy) {
    using broken = process_list_scenarios<shm::drops_anothers_lock::process_words<stepped>>;
    EXPECT_THAT(found({.preemptions = 3, .deaths = 0}, broken::two_copies_come),
                StartsWith("who is on the list has no lock"));
}

TEST(ProcessListPlantedErrors, WhoDoesNotLookAgainJudgesByASuccessor) {
    using broken = process_list_scenarios<shm::judges_by_a_successor::process_words<stepped>>;
    EXPECT_THAT(found({.preemptions = 2, .deaths = 1}, broken::a_look_alike_follows<&shm::process_identity::pid>),
                StartsWith("one that is seen to live"));
}

}  // namespace
}  // namespace seki::test
