// The explorer itself: it finds what can go wrong, counts what there is, and says a failure so that it can be run again.
#include "support/interleaving.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "support/fingerprint.hpp"
#include "support/known_states.hpp"
#include "support/seed.hpp"
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
    const exploration all = explore({.preemptions = 9, .every_schedule = true}, [&](interleaving& play) {
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

// Each actor of n accesses may be before its first one not yet, or before each of them; and one of the two runs, before one of its own. So there are 2n(n+1) states besides
// the first of all, and of 924 orders of six and six no more than some are tried. Fails if states are taken for one another, or are not known again.
TEST(Interleaving, AStateIsGoneOnFromOnce) {
    constexpr std::uint64_t n = 6;
    const attempt both_look = [](interleaving& play) {
        layout::word any;
        const auto look = [&] {
            for (std::uint64_t i = 0; i < n; ++i) (void)stepped::load_acquire(any);
        };
        play.together({look, look});
    };
    const exploration once = explore({.preemptions = 11, .keeps_outcomes = true}, both_look);
    EXPECT_EQ(once.states, 2 * n * (n + 1) + 1);
    EXPECT_LT(once.schedules, 200);
    const exploration each = explore({.preemptions = 11, .every_schedule = true, .keeps_outcomes = true}, both_look);
    EXPECT_GE(each.schedules, 924);
    EXPECT_EQ(each.outcomes, once.outcomes);
}

// Fails if what is tried from a state depends on who came there first, with less left.
TEST(Interleaving, WhoComesWithMoreLeftGoesOn) {
    known_states known;
    EXPECT_FALSE(known.were_here(1, {.preemptions = 1, .deaths = 0, .old_reads = 1}));
    EXPECT_TRUE(known.were_here(1, {.preemptions = 1, .deaths = 0, .old_reads = 0}));
    EXPECT_TRUE(known.were_here(1, {.preemptions = 0, .deaths = 0, .old_reads = 1}));
    EXPECT_FALSE(known.were_here(1, {.preemptions = 2, .deaths = 0, .old_reads = 1}));
    EXPECT_FALSE(known.were_here(1, {.preemptions = 0, .deaths = 1, .old_reads = 0}));
    EXPECT_FALSE(known.were_here(1, {.preemptions = 0, .deaths = 0, .old_reads = 2}));
    EXPECT_TRUE(known.were_here(1, {.preemptions = 2, .deaths = 0, .old_reads = 1}));
    EXPECT_FALSE(known.were_here(1, {.preemptions = 1, .deaths = 1, .old_reads = 0}));
    EXPECT_FALSE(known.were_here(2, {}));
    EXPECT_EQ(known.size(), 2);
}

// Fails if states are forgotten when the table grows, or if more are told apart than it holds than were.
TEST(Interleaving, ManyStatesAreKnown) {
    known_states known;
    constexpr std::uint64_t many = 100'000;
    for (std::uint64_t i = 0; i < many; ++i) ASSERT_FALSE(known.were_here(fold(1, i), {}));
    for (std::uint64_t i = 0; i < many; ++i) ASSERT_TRUE(known.were_here(fold(1, i), {}));
    EXPECT_EQ(known.size(), many);
}

// The order in which three came, which no word says. Fails if what an attempt remembers makes no difference.
TEST(Interleaving, WhatAnAttemptRemembersIsPartOfTheState) {
    const auto orders = [](bool every_schedule) {
        std::set<unsigned> found;
        (void)explore({.preemptions = 9, .every_schedule = every_schedule}, [&](interleaving& play) {
            layout::word any;
            unsigned order = 0;
            play.remembers([&] { return order; });
            const auto come = [&](unsigned me) {
                for (int i = 0; i < 3; ++i) {
                    (void)stepped::load_acquire(any);
                    order = order << 2 | me;
                }
            };
            play.together({[&] { come(1); }, [&] { come(2); }, [&] { come(3); }});
            found.insert(order);
        });
        return found;
    };
    EXPECT_EQ(orders(false).size(), 1680);
    EXPECT_EQ(orders(true), orders(false));
}

// What comes of an attempt whose actors come into a queue several times after they did something else: all orders in which they may come are to be found with each
// outcome of that, as they are when each schedule is run.
void expect_all_orders(std::size_t many, int deaths,
                       const std::function<std::string(interleaving&, layout::word&)>& one) {
    const auto found = [&](bool every_schedule) {
        std::set<std::string> all;
        (void)explore({.preemptions = 9, .deaths = deaths, .every_schedule = every_schedule}, [&](interleaving& play) {
            layout::word queue;
            all.insert(one(play, queue));
        });
        return all;
    };
    const auto all = found(true);
    EXPECT_EQ(found(false), all);
    EXPECT_EQ(all.size(), many);
}
std::string come_thrice(layout::word& queue) {
    std::string places;
    for (int i = 0; i < 3; ++i) places += std::to_string(stepped::fetch_add_relaxed(queue, 1));
    return places;
}

// Two draw numbers from outside of the stepped memory. Fails if what an actor hears makes no difference to where it is.
TEST(Interleaving, WhatAnActorHearsIsPartOfTheState) {
    expect_all_orders(2 * 20, 0, [](interleaving& play, layout::word& queue) {
        layout::word any;
        std::uint64_t drawn = 0;
        std::array<std::string, 2> told;
        const auto draw = [&](std::size_t me) {
            (void)stepped::load_acquire(any);
            told[me] = std::to_string(interleaving::hears(drawn++)) + ":";
            told[me] += come_thrice(queue);
        };
        play.together({[&] { draw(0); }, [&] { draw(1); }});
        return told[0] + told[1];
    });
}

// Two ask the kernel about a word, and it remembers who was first. Fails if that they ask in some order makes no difference.
TEST(Interleaving, WhoAsksTheKernelDoesSoInSomeOrder) {
    expect_all_orders(2 * 20, 0, [](interleaving& play, layout::word& queue) {
        std::uint64_t about = 0;
        std::string first;
        std::array<std::string, 2> told;
        const auto ask = [&](std::size_t me) {
            (void)interleaving::ask(about, "asks");
            if (first.empty()) first = std::to_string(me) + ":";
            told[me] = come_thrice(queue);
        };
        play.together({[&] { ask(0); }, [&] { ask(1); }});
        return first + told[0];
    });
}

// One asks whether another is dead, who may die before that, or after it and before a third asks. Fails if what it was told makes no difference.
TEST(Interleaving, WhoAsksWhetherSomebodyDiedIsToldSo) {
    expect_all_orders(2 * 20 + 1, 1, [](interleaving& play, layout::word& queue) {
        std::string told;
        bool third_knows = false;
        layout::word any;
        play.together({[&] { (void)stepped::load_acquire(any); },
                       [&] {
                           (void)stepped::load_acquire(any);
                           if (play.died(0)) told = "x:";
                           told += come_thrice(queue);
                       },
                       [&] {
                           third_knows = play.died(0);
                           (void)come_thrice(queue);
                       }});
        return third_knows ? told : std::string{};
    });
}

// Two run together twice. Fails if what they were told the first time makes no difference the second time.
TEST(Interleaving, WhatWasBeforeIsPartOfTheState) {
    expect_all_orders(20 * 20, 0, [](interleaving& play, layout::word& queue) {
        std::array<std::string, 2> told;
        const auto come = [&](std::size_t me) { told[me] += come_thrice(queue) + ":"; };
        play.together({[&] { come(0); }, [&] { come(1); }});
        play.together({[&] { come(0); }, [&] { come(1); }});
        return told[0];
    });
}

// Programs drawn by chance, of three actors and two words: what came of them is the same set, whether each schedule is run or each state is gone on from once.
// Fails if the explorer takes one state for another.
class drawn_program {
public:
    drawn_program(std::uint64_t seed, std::size_t actors, std::size_t steps)
        : random_{seed}, parts_(actors, std::vector<step>(steps)) {
        for (auto& part : parts_)
            for (step& each : part) each = {random_() % 6, random_() % 2, random_() % 3, 1 + random_() % 2};
    }
    [[nodiscard]] std::string text() const {
        std::string all;
        for (const auto& part : parts_)
            for (const step& each : part)
                all += (&each == part.data() ? "| " : "") + std::to_string(each.what) + std::to_string(each.on) +
                       std::to_string(each.order) + std::to_string(each.value) + " ";
        return all;
    }
    void operator()(interleaving& play, std::set<std::string>& outcomes) const {
        std::array<layout::word, 2> words;
        std::vector<std::string> told(parts_.size());
        std::vector<std::function<void()>> actors;
        for (std::size_t i = 0; i < parts_.size(); ++i)
            actors.emplace_back([&, i] {
                for (const step& each : parts_[i]) told[i] += std::to_string(take(each, words)) + ",";
            });
        play.together(actors);
        std::string all;
        for (std::size_t i = 0; i < parts_.size(); ++i) all += (play.died(i) ? "x" : "") + told[i] + " ";
        for (const layout::word& each : words) all += std::to_string(stepped::load_relaxed(each)) + " ";
        outcomes.insert(all);
    }

private:
    struct step {
        std::uint64_t what = 0, on = 0, order = 0, value = 0;
    };
    static std::uint64_t take(const step& the, std::array<layout::word, 2>& words) {
        layout::word& on = words[the.on];
        std::uint64_t expected = the.order;
        switch (the.what) {
            case 0: return the.order == 0 ? stepped::load_relaxed(on) : stepped::load_acquire(on);
            case 1: return stepped::load_seq_cst(on);
            case 2:
                return the.order == 0 ? stepped::store_relaxed(on, the.value) : stepped::store_release(on, the.value),
                       9;
            case 3: return stepped::store_seq_cst(on, the.value), 9;
            case 4: return stepped::fetch_add_relaxed(on, 1);
            default: return stepped::cas_acq_rel(on, expected, the.value) ? 8 : expected;
        }
    }
    std::mt19937_64 random_;
    std::vector<std::vector<step>> parts_;
};

void expect_same_outcomes(const bounds& within, std::uint64_t programs, std::size_t actors, std::size_t steps) {
    const std::uint64_t seed = seed_or(1);
    std::uint64_t each = 0, once = 0;
    for (std::uint64_t i = 0; i < programs; ++i) {
        const drawn_program program{seed + i, actors, steps};
        std::set<std::string> all, known;
        bounds every = within;
        every.every_schedule = true;
        each += explore(every, [&](interleaving& play) { program(play, all); }).schedules;
        once += explore(within, [&](interleaving& play) { program(play, known); }).schedules;
        std::vector<std::string> lost;
        std::ranges::set_difference(all, known, std::back_inserter(lost));
        ASSERT_THAT(lost, testing::IsEmpty()) << "SEKI_SEED=" << seed + i << ": " << program.text();
        ASSERT_EQ(all.size(), known.size());
    }
    std::printf("%llu schedules, and %llu from states that were new\n", static_cast<unsigned long long>(each),
                static_cast<unsigned long long>(once));
    EXPECT_LT(once, each);
}

TEST(Interleaving, NoOutcomeIsLost) { expect_same_outcomes({.preemptions = 3, .deaths = 1}, 20, 3, 3); }

TEST(Interleaving, NoOutcomeOfOldReadsIsLost) {
    expect_same_outcomes({.preemptions = 1, .deaths = 1, .old_reads = 2}, 10, 3, 3);
    expect_same_outcomes({.preemptions = 2, .deaths = 0, .old_reads = 1}, 20, 3, 4);
    expect_same_outcomes({.preemptions = 2, .deaths = 0, .old_reads = 2}, 60, 2, 5);
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
