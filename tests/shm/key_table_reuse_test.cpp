// Memory of a deleted table that another takes over, with somebody still on the way into the first: every way in which they may run through each
// other. The table and the texts that ship, and four with an error planted (planted.cmake), which shows that the error would be found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "planted/helps_anybody.hpp"
#include "planted/places_anywhere.hpp"
#include "planted/texts_anywhere.hpp"
#include "planted/texts_over_zeros.hpp"
#include "shm/key_table.hpp"
#include "shm/key_table_reuse_scenarios.hpp"
#include "shm/key_text.hpp"
#include "support/sanitizers.hpp"

namespace seki::test {
namespace {

using real = reuse_scenarios<shm::key_table<stepped>>;
constexpr int two = sanitized ? 1 : 2;

std::string found(bounds within, const attempt& one) {
    const exploration done = explore(within, one);
    std::printf("%s, after %llu schedules\n", done.failure.c_str(), static_cast<unsigned long long>(done.schedules));
    return done.failure;
}

void expect_none_fails(const attempt& one) {
    EXPECT_EQ(found({.preemptions = two, .deaths = 0}, one), "");
    EXPECT_EQ(found({.preemptions = 1, .deaths = 1}, one), "");
}

// Each of these fails if whoever is late changes a slot, a stripe or a spent state of the table that follows.

TEST(KeyTableReuse, WhoIsLateChangesNothingInATableOfTheSameShape) {
    expect_none_fails(real::one_is_late<overlay::same>);
}

TEST(KeyTableReuse, WhoIsLateChangesNothingInATableOfAnotherShape) {
    expect_none_fails(real::one_is_late<overlay::shifted>);
    expect_none_fails(real::one_is_late<overlay::shifted, real::other_old_key>);
}

TEST(KeyTableReuse, WhoIsLateWithTheWorkOfADeadOneChangesNothing) {
    expect_none_fails(real::one_is_late_after_a_death<overlay::same>);
    expect_none_fails(real::one_is_late_after_a_death<overlay::shifted>);
}

// Fails if a text can be written over the slots of the table that follows.
TEST(KeyTableReuse, ALateTextChangesNothing) { expect_none_fails(real::a_text_is_late<shm::key_texts<stepped>>); }

// Fails if it can be written over the words of another kind: permits would be held by nobody, or by whom the key names.
TEST(KeyTableReuse, ALateTextChangesNothingOfAnotherKind) {
    expect_none_fails(real::a_text_is_late_to_another_kind<shm::key_texts<stepped>>);
}

// Fails if the exploration does not see what these tests are for.
TEST(KeyTableReuse, HelpingWhateverStandsThereIsFound) {
    using broken = reuse_scenarios<shm::helps_anybody::key_table<stepped>>;
    EXPECT_NE(found({.preemptions = 2}, broken::template one_is_late<overlay::same>), "");
}

TEST(KeyTableReuse, PlacingWhereverTheSlotWasIsFound) {
    using broken = reuse_scenarios<shm::places_anywhere::key_table<stepped>>;
    EXPECT_NE(found({.preemptions = 2}, broken::template one_is_late<overlay::shifted>), "");
}

TEST(KeyTableReuse, WritingATextWithoutAskingIsFound) {
    EXPECT_NE(found({.preemptions = 2}, real::a_text_is_late_to_another_kind<shm::texts_anywhere::key_texts<stepped>>),
              "");
}

TEST(KeyTableReuse, WritingATextOverZerosIsFound) {
    EXPECT_NE(
        found({.preemptions = 2}, real::a_text_is_late_to_another_kind<shm::texts_over_zeros::key_texts<stepped>>), "");
}

}  // namespace
}  // namespace seki::test
