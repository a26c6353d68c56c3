// Who waits for a permit, or gives one back to somebody who waits, dies after each instruction, or stands still there.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bulkhead_judge.hpp"
#include "bulkhead_scenarios.hpp"

namespace seki::test {
namespace {

class WaiterDeaths : public testing::Test {
protected:
    [[nodiscard]] stepped_process begin(const std::function<operation(const fs::path&, answer&)>& prepare) {
        *told_ = {};
        return stage_.begin([this, prepare] { return prepare(stage_.folder(), *told_); });
    }
    [[nodiscard]] neighbour holder_of(std::size_t held) const {
        neighbour made{opened(stage_.folder(), Access::attach)};
        made.take(held);
        return made;
    }
    // All are held, and one waits.
    [[nodiscard]] stepped_process begin_waiting() { return begin(with_bulkhead(wait_for_one)); }
    // Up to the end of its first sleep.
    [[nodiscard]] route& way_to_sleep() {
        return way_of("waiting", [this] {
            stepped_process waiting = begin_waiting();
            const neighbour by = holder_of(permits);
            return walk(waiting, stage_.folder(), 1);
        });
    }
    // Gives one back during the so-manieth instruction of who waits: at the right one while it sleeps in the kernel.
    static void give_back_during(const place& at, stepped_process& waiting, neighbour& by) {
        const std::uint64_t before = std::max<std::uint64_t>(at.instructions, 1) - 1;
        (void)place{at.way, before}.lead(waiting);
        (void)waiting.step_during([&] {
            (void)waiting.sleeps();
            by.give_back_one();
        });
    }

    void judge(neighbour& by, bool tidied, std::uint64_t max = permits) const {
        expect_sound(by, tidied);
        if (tidied) expect_only_mine_held(by);
        expect_rest_to_be_had(by, max);
        expect_it_works(by);
    }

    // A process that waits until it has a permit.
    [[nodiscard]] companion one_who_waits() const {
        return companion{[this] { return wait_for_one(must(opened(stage_.folder()).bulkhead("it"))); }};
    }
    static void until_one_waits(const neighbour& by) {
        while (must(by.it().status()).waiting == 0) std::this_thread::yield();  // by its progress
    }

    stage stage_{with_dead_holding(0)};
    in_common<answer> told_;
};

// Fails when a permit that is given back to a waiter is lost with it, or its place among those who may wait is.
TEST_F(WaiterDeaths, APermitGivenBackToOneThatDiesIsNotLost) {
    route& way = way_to_sleep();
    play_at(points_of(way, trying::to_die), way, "waiting: died", [&](const place& at) {
        for (const bool tidied : tidied_or_not()) {
            stepped_process dying = begin_waiting();
            neighbour by = holder_of(permits);
            give_back_during(at, dying, by);
            dying.kill();
            judge(by, tidied);
        }
    });
}

// Fails likewise, from the wake-up on.
TEST_F(WaiterDeaths, APermitTakenByOneThatWasWokenAndDiesIsNotLost) {
    route& before = way_to_sleep();
    const auto wake = [&](stepped_process& waiting, bool singly) {
        neighbour by = holder_of(permits);
        before.singly = singly;
        give_back_during({&before, before.length}, waiting, by);
        before.singly = false;
        return by;
    };
    stepped_process whole = begin_waiting();
    const neighbour beside = wake(whole, true);
    route way = walk(whole, stage_.folder());
    EXPECT_TRUE(told_->was_allowed());
    play_at(points_of(way, trying::to_die), way, "woken: died", [&](const place& at) {
        for (const bool tidied : tidied_or_not()) {
            stepped_process dying = begin_waiting();
            neighbour by = wake(dying, way.singly);
            way.astray |= std::exchange(before.astray, false);
            (void)at.lead(dying);
            dying.kill();
            judge(by, tidied);
        }
    });
}

// Fails, by the time limit of the tests, when a waiter does not see what was given back while it stood anywhere.
TEST_F(WaiterDeaths, OneThatStandsAnywhereGetsWhatIsGivenBackMeanwhile) {
    route& way = way_to_sleep();
    play_at(points_of(way, trying::to_stand_still), way, "waiting: stood still", [&](const place& at) {
        stepped_process slow = begin_waiting();
        neighbour by = holder_of(permits);
        give_back_during(at, slow, by);
        EXPECT_TRUE(slow.finish());
        EXPECT_TRUE(told_->was_allowed());
        judge(by, true);
    });
}

// Fails, by the time limit of the tests, when who waits waits for ever because the one that held the permit died, before it gave it back, or before
// it said so.
TEST_F(WaiterDeaths, WhoWaitsForOneThatDiesWhileGivingBackGetsIt) {
    const auto give_back = with_permit([](Permit& held) { return held.release(); });
    stepped_process whole = begin(give_back);
    const neighbour beside = holder_of(permits - 1);
    companion first = one_who_waits();
    until_one_waits(beside);
    route way = walk(whole, stage_.folder());
    EXPECT_TRUE(first.finish());
    play_at(points_of(way, trying::to_die), way, "giving back to one who waits: died", [&](const place& at) {
        stepped_process dying = begin(give_back);
        neighbour by = holder_of(permits - 1);
        companion waiting = one_who_waits();
        until_one_waits(by);
        (void)at.lead(dying);
        dying.kill();
        EXPECT_TRUE(waiting.finish());
        judge(by, at.instructions % 2 == 0);
    });
}

// Fails, by the time limit of the tests, when nobody finishes a raise whose maker died, and who waits for it waits for ever.
TEST_F(WaiterDeaths, WhoWaitsWhileOneThatRaisesTheMaximumDiesGetsOneOfTheNew) {
    const auto raise = resizing_to(permits + 1);
    stepped_process whole = begin(raise);
    const neighbour beside = holder_of(permits);
    companion first = one_who_waits();
    until_one_waits(beside);
    route way = walk(whole, stage_.folder());
    EXPECT_TRUE(first.finish());
    play_at(points_of(way, trying::to_die), way, "raising for one who waits: died", [&](const place& at) {
        stepped_process dying = begin(raise);
        neighbour by = holder_of(permits);
        companion waiting = one_who_waits();
        until_one_waits(by);
        (void)at.lead(dying);
        dying.kill();
        EXPECT_TRUE(by.segment.maintain());
        const std::uint64_t max = must(by.it().status()).max_concurrent;
        EXPECT_TRUE(max == permits + 1 || (max == permits && !told_->was_given()));
        if (max == permits) by.give_back_one();
        EXPECT_TRUE(waiting.finish());
        judge(by, true, max);
    });
}

}  // namespace
}  // namespace seki::test
