// Parts of how an entry of the directory is written and read that are needed: without one, some interleaving goes wrong, and the exploration says which. What is tried
// here is what ships with a line changed (planted_list.cmake).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planted/clears_from_the_end.hpp"
#include "planted/finds_without_a_second_look.hpp"
#include "planted/keeps_half_a_piece.hpp"
#include "planted/keeps_what_was_anothers.hpp"
#include "planted/makes_before_it_withdraws.hpp"
#include "planted/publishes_before_it_fills.hpp"
#include "planted/uses_a_number_twice.hpp"
#include "planted_error.hpp"
#include "shm/directory_entry_scenarios.hpp"

namespace seki::test {
namespace {

using testing::StartsWith;

TEST(DirectoryEntryPlantedErrors, WhoPublishesBeforeItFillsShowsWhatIsNotThere) {
    using broken = directory_entry_scenarios<shm::publishes_before_it_fills::entry_words<stepped>>;
    EXPECT_THAT(found({.preemptions = 1, .deaths = 0}, broken::one_is_made), StartsWith("what was made for it"));
}

TEST(DirectoryEntryPlantedErrors, WhoDoesNotLookAgainFindsAMixture) {
    using broken = directory_entry_scenarios<shm::finds_without_a_second_look::entry_words<stepped>>;
    EXPECT_THAT(found({.preemptions = 2, .deaths = 0}, broken::one_follows_another),
                StartsWith("what is found is of several"));
}

TEST(DirectoryEntryPlantedErrors, WhoUsesANumberTwiceMakesTwoOfOne) {
    using broken = directory_entry_scenarios<shm::uses_a_number_twice::entry_words<stepped>>;
    EXPECT_THAT(found({.preemptions = 1, .deaths = 0}, broken::one_follows_another),
                StartsWith("two have one incarnation"));
}

TEST(DirectoryEntryPlantedErrors, WhoSaysTheKindFirstKeepsHalfAPiece) {
    using broken = directory_entry_scenarios<shm::keeps_half_a_piece::entry_words<stepped>>;
    EXPECT_THAT(found({.preemptions = 1, .deaths = 1}, broken::one_administrator_follows_another),
                StartsWith("a piece is kept"));
}

TEST(DirectoryEntryPlantedErrors, WhoDoesNotClearAPieceKeepsWhatWasAnothers) {
    using broken = directory_entry_scenarios<shm::keeps_what_was_anothers::entry_words<stepped>>;
    EXPECT_THAT(found({.preemptions = 1, .deaths = 1}, broken::one_administrator_follows_another),
                StartsWith("a piece is kept with"));
}

TEST(DirectoryEntryPlantedErrors, WhoClearsAPairFromItsEndIsMetByALateText) {
    using broken = directory_entry_scenarios<shm::clears_from_the_end::entry_words<stepped>>;
    EXPECT_THAT(found({.preemptions = 2, .deaths = 0}, broken::a_text_is_late), StartsWith("half a text"));
}

TEST(DirectoryEntryPlantedErrors, WhoMakesBeforeItWithdrawsIsFoundHalfMade) {
    using broken = directory_entry_scenarios<shm::makes_before_it_withdraws::entry_words<stepped>>;
    EXPECT_THAT(found({.preemptions = 2, .deaths = 0}, broken::one_follows_another),
                StartsWith("what is found is of several"));
}

}  // namespace
}  // namespace seki::test
