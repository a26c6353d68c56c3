// The insert and the decision of the key table that ships, through every way in which two or three actors may run through each other,
// with one of them dying anywhere.
#include <gtest/gtest.h>

#include "shm/explored.hpp"
#include "shm/key_table.hpp"
#include "shm/key_table_scenarios.hpp"

namespace seki::test {
namespace {

using real = scenarios<shm::key_table<stepped>>;

// Each of these fails if two slots of a key can come to be, if a spent state can be lost or spent again, if a stamp is used twice, or if an
// insert depends on somebody who is stopped or dead. tests/shm/key_table_planted_errors_test.cpp shows that they can.

TEST(KeyTableInterleavings, TwoWhoInsertOneKeyMakeOneSlotOfIt) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, real::two_insert_one_key);
}

TEST(KeyTableInterleavings, ThreeWhoInsertOneKeyMakeOneSlotOfIt) {
    expect_none_fails({.preemptions = 2, .deaths = 1}, real::three_insert_one_key);
}

TEST(KeyTableInterleavings, TwoWhoSpendANewKeyAdmitOne) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, real::two_spend_one_key);
}

TEST(KeyTableInterleavings, TheTwoKeysAreOfDifferentStripes) {
    EXPECT_EQ(explore({.preemptions = 0},
                      [](interleaving& play) {
                          real::tiny world{play, 2, {0, 1}};
                          world.insert(real::key);
                          world.insert(real::other);
                          if (world.transactions(0) != 1 || world.transactions(1) != 1) play.fail("they are of one");
                      })
                  .failure,
              "");
}

TEST(KeyTableInterleavings, TwoKeysOfOneStripeForOneSlotLoseNothing) {
    expect_none_fails({.preemptions = 2, .deaths = 1}, real::two_keys_want_one_slot<1>);
}

TEST(KeyTableInterleavings, TwoKeysOfTwoStripesForOneSlotLoseNothing) {
    expect_none_fails({.preemptions = 2, .deaths = 1}, real::two_keys_want_one_slot<2>);
}

TEST(KeyTableInterleavings, AKeyIsNotInsertedTwiceWhenAnotherComesBetween) {
    expect_none_fails({.preemptions = 2, .deaths = 0}, real::another_key_comes_between);
}

TEST(KeyTableInterleavings, HelpersWhoComeLateInsertNothing) {
    expect_none_fails({.preemptions = 2, .deaths = 0}, real::helpers_come_late);
}

TEST(KeyTableInterleavings, WhoWasStoppedWithAnOldTimeInHandSpendsNothingTwice) {
    expect_none_fails({.preemptions = 2, .deaths = 1}, real::a_spender_is_stopped_for_long);
}

TEST(KeyTableInterleavings, ASweepTakesNothingFromWhoSpendsMeanwhile) {
    expect_none_fails({.preemptions = 2, .deaths = 1}, real::a_sweep_meets_two_spenders);
}

TEST(KeyTableInterleavings, ASweptKeyThatComesBackIsSpentOnce) {
    expect_none_fails({.preemptions = 2, .deaths = 0}, real::a_swept_key_comes_back);
}

TEST(KeyTableInterleavings, HelpersWhoComeAfterTheSweepInsertNothing) {
    expect_none_fails({.preemptions = 2, .deaths = 0}, real::helpers_come_after_the_sweep);
}

// Fails if a table that is another by now, or none at all, is swept by who still takes it for the old one.
TEST(KeyTableInterleavings, WhoseTableNoLongerStandsSweepsNothing) {
    EXPECT_EQ(explore({.preemptions = 0},
                      [](interleaving& play) {
                          real::tiny world{play, 1, {0}};
                          world.insert(real::key);
                          struct gone : real::tiny::inserter {
                              [[nodiscard]] bool stands() const { return false; }
                          };
                          world.grow_old();
                          for (std::size_t i = 0; i < world.table.slot_count(); ++i)
                              (void)world.table.sweep(i, gone{{world, world.time()}});
                          if (!world.table.find(real::key)) play.fail("it was swept");
                      })
                  .failure,
              "");
}

// What is too large to be explored: six actors on three keys for two slots. Fails like the others.
TEST(KeyTableInterleavings, ManyActorsOnManyKeysByChance) {
    constexpr std::uint64_t keys[] = {key_of(1), key_of(2), key_of(3, 1)};
    expect_none_failed(explore_randomly(1, 60'000, {.preemptions = 30, .deaths = 2}, [&](interleaving& play) {
        tiny_table<shm::key_table<stepped>> world{play, 2, {0, 9}};
        play.together({[&] { world.spend(keys[0]); }, [&] { world.spend(keys[1]); }, [&] { world.spend(keys[2]); },
                       [&] {
                           world.spend(keys[0]);
                           world.grow_old();
                           world.spend(keys[2]);
                       },
                       [&] { world.sweep(); },
                       [&] {
                           world.grow_old();
                           world.evict(keys[0]);
                           world.spend(keys[1]);
                           world.spend(keys[0]);
                       }});
        world.grow_old();
        world.expect_sound({keys[0], keys[1], keys[2]});
        world.expect_tidy();
    }));
}

}  // namespace
}  // namespace seki::test
