// An entry of the directory, through every way in which administrators and readers may run through each other, with some of them dying anywhere.
#include <gtest/gtest.h>

#include "shm/directory_entry_scenarios.hpp"
#include "shm/explored.hpp"

namespace seki::test {
namespace {

using real = directory_entry_scenarios<shm::entry_words<stepped>>;

// Each of these fails if an entry is found that is not whole, if one that is gone is taken for one that stands, or if the dead leave a piece that is neither free nor
// whole, or with something in it of who is late. tests/shm/directory_entry_planted_errors_test.cpp shows that they can.

TEST(DirectoryEntryInterleavings, WhatIsFoundIsWhole) {
    for (const auto& each :
         {real::one_is_made, real::one_follows_another, real::one_loses_its_piece, real::one_follows_in_the_same_piece,
          real::its_creation_is_remembered, real::its_terms_are_remembered, real::a_text_is_late})
        expect_none_fails({.preemptions = 2, .deaths = 0}, {.preemptions = 3, .deaths = 1}, each);
}

TEST(DirectoryEntryInterleavings, TheNextAdministratorGoesOnWhereOneDied) {
    const auto one = real::one_administrator_follows_another;
    expect_none_fails({.preemptions = 1, .deaths = 1}, one);
}

}  // namespace
}  // namespace seki::test
