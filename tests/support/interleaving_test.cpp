// The explorer itself: it finds what can go wrong, counts what there is, and says a failure so that it can be run again.
#include "support/interleaving.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "support/stepped_memory.hpp"

namespace seki::test {
namespace {

void add_one_carelessly(layout::word& counter) {
    const std::uint64_t seen = stepped::load_acquire(counter);
    stepped::store_release(counter, seen + 1);
}

void lose_an_update(interleaving& play) {
    layout::word counter;
    play.together({[&] { add_one_carelessly(counter); }, [&] { add_one_carelessly(counter); }});
    if (!play.died(0) && !play.died(1) && stepped::load_acquire(counter) != 2) play.fail("an update is lost");
}

// Fails if the one preemption that matters is not tried, or is not told.
TEST(Interleaving, ALostUpdateIsFoundAndItsScheduleRunsItAgain) {
    EXPECT_EQ(explore({.preemptions = 0}, lose_an_update).failure, "");
    const exploration found = explore({.preemptions = 1}, lose_an_update);
    EXPECT_EQ(found.failure, "an update is lost; again: SEKI_SCHEDULE=\"3>1\"");

    setenv("SEKI_SCHEDULE", "3>1", 1);
    const exploration again = explore({.preemptions = 1}, lose_an_update);
    unsetenv("SEKI_SCHEDULE");
    EXPECT_EQ(again.failure, "an update is lost, by SEKI_SCHEDULE");
    EXPECT_EQ(again.schedules, 1);
}

// Fails if a schedule is left out or tried twice: without a bound, two actors of two accesses each have 6 orders.
TEST(Interleaving, EveryOrderIsTriedOnce) {
    std::array<int, 16> orders{};
    const exploration all = explore({.preemptions = 9}, [&](interleaving& play) {
        layout::word any;
        unsigned order = 0;
        const auto twice = [&](unsigned me) {
            for (int i = 0; i < 2; ++i) {
                (void)stepped::load_acquire(any);
                order = order << 1 | me;
            }
        };
        play.together({[&] { twice(0); }, [&] { twice(1); }});
        ++orders[order];
    });
    EXPECT_EQ(std::ranges::count_if(orders, [](int times) { return times > 0; }), 6);
    EXPECT_GE(all.schedules, 6);
}

// Fails if a death is left out, or if the dead go on.
TEST(Interleaving, AnActorDiesOnceBeforeEachAccess) {
    std::array<int, 4> reached{};
    const exploration all = explore({.preemptions = 0, .deaths = 1}, [&](interleaving& play) {
        layout::word steps;
        play.together({[&] {
            for (int i = 0; i < 3; ++i) stepped::fetch_add_relaxed(steps, 1);
        }});
        const std::uint64_t done = stepped::load_acquire(steps);
        ++reached[done];
        if (play.died(0) != (done < 3)) play.fail("the dead went on");
    });
    EXPECT_EQ(all.failure, "");
    EXPECT_THAT(reached, testing::Each(1));
}

// Fails if waiting for somebody who is stopped goes unnoticed.
TEST(Interleaving, WhoWaitsForTheDeadIsFound) {
    const exploration found = explore({.preemptions = 0, .deaths = 1}, [](interleaving& play) {
        layout::word done;
        play.together({[&] { stepped::store_release(done, 1); },
                       [&] {
                           while (stepped::load_acquire(done) == 0) continue;
                       }});
    });
    EXPECT_THAT(found.failure, testing::StartsWith("an actor does not come to an end"));
}

// Fails if a seed does not say the whole schedule.
TEST(Interleaving, ASeedFindsTheSameAgain) {
    const bounds few{.preemptions = 3, .deaths = 1};
    const exploration first = explore_randomly(1, 1000, few, lose_an_update);
    EXPECT_NE(first.failure, "");
    EXPECT_EQ(explore_randomly(1, 1000, few, lose_an_update).failure, first.failure);
}

}  // namespace
}  // namespace seki::test
