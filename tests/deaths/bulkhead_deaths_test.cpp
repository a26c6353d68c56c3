// A process dies after each instruction of what it does with a bulkhead, and another one looks at what it left. And it stands still, while others
// take what they get, and then goes on. Which instructions are tried says route.hpp, what is done there bulkhead_scenarios.hpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bulkhead_judge.hpp"
#include "bulkhead_scenarios.hpp"

namespace seki::test {
namespace {

using testing::Contains;

class BulkheadDeaths : public testing::TestWithParam<bulkhead_scenario> {
protected:
    [[nodiscard]] stepped_process begin() {
        *told_ = {};
        return stage_.begin([this] { return GetParam().prepare(stage_.folder(), *told_); });
    }
    [[nodiscard]] neighbour live_beside() const {
        neighbour made{opened(stage_.folder(), Access::attach)};
        if (GetParam().beside) GetParam().beside(made);
        return made;
    }

    template <class Play>
    void play(trying what, Play at_instruction) {
        route& way = way_of(GetParam().name, [this] {
            stepped_process whole = begin();
            const neighbour by = live_beside();
            return walk(whole, stage_.folder());
        });
        play_at(points_of(way, what), way, GetParam().name + told_as(what), at_instruction);
    }

    void judge_death(neighbour& by, bool tidied) const {
        const bulkhead_scenario& played = GetParam();
        expect_sound(by, tidied);
        const bool is_there = by.segment.bulkhead("it").has_value();
        const bool done = told_->was_given();
        EXPECT_TRUE(is_there == played.is_there_after || (!done && is_there == played.is_there_before));
        if (!is_there) {
            for (Permit& each : by.held) EXPECT_TRUE(each.release());
            by.held.clear();
            (void)must(by.segment.bulkhead("it", so_many(permits)));
        }
        const std::uint64_t max = must(by.it().status()).max_concurrent;
        EXPECT_THAT(played.maxima, Contains(max));
        if (done) {
            EXPECT_EQ(max, played.maxima.back());
        }
        if (tidied) expect_only_mine_held(by);
        if (tidied && played.keeps && told_->was_allowed()) {
            EXPECT_GE(must(by.it().status()).reclaimed, 1U);
        }
        expect_rest_to_be_had(by, max);
        expect_it_works(by);
    }

    stage stage_{GetParam().world};
    in_common<answer> told_;
};

// Fails when any instruction may not be a process's last: a permit is lost or given out twice, or a bulkhead half made or half changed
// is left; and if that takes somebody who tidies up.
TEST_P(BulkheadDeaths, MayComeAfterAnyInstruction) {
    play(trying::to_die, [&](const place& at) {
        for (const bool tidied : tidied_or_not()) {
            SCOPED_TRACE(tidied ? "tidied up" : "not tidied up");
            stepped_process dying = begin();
            neighbour by = live_beside();
            (void)at.lead(dying);
            dying.kill();
            judge_death(by, tidied);
        }
    });
}

// Fails when who stands still keeps others from taking what is free, or more are given out between them than there are.
TEST_P(BulkheadDeaths, AndOthersTakeAllWhileOneStandsStill) {
    const bulkhead_scenario& played = GetParam();
    play(trying::to_stand_still, [&](const place& at) {
        stepped_process slow = begin();
        neighbour by = live_beside();
        const bool stands = at.lead(slow);
        const std::uint64_t most = std::max<std::uint64_t>(by.held.size(), std::ranges::max(played.maxima));
        if (const auto it = by.segment.bulkhead("it")) take_all(*it, by.held);
        EXPECT_TRUE(slow.finish());
        EXPECT_TRUE(told_->was_given());
        const std::uint64_t held = by.held.size() + (stands && played.keeps && told_->was_allowed() ? 1 : 0);
        EXPECT_LE(held, most);
        if (played.keeps) {
            EXPECT_EQ(held, played.maxima.back());
        }
        judge_death(by, true);
    });
}

class BulkheadWork : public BulkheadDeaths {};

// Fails when a bulkhead that is lowered, and raised again, under somebody who is taking or giving back, has more or fewer permits afterwards.
TEST_P(BulkheadWork, MayBeOverlappedByResizing) {
    play(trying::to_stand_still, [&](const place& at) {
        for (const std::uint64_t last : {1U, 4U}) {
            stepped_process slow = begin();
            neighbour by = live_beside();
            (void)at.lead(slow);
            EXPECT_TRUE(by.segment.change("it", so_many(1)));
            if (last != 1) {
                EXPECT_TRUE(by.segment.change("it", so_many(last)));
            }
            EXPECT_TRUE(slow.finish());
            EXPECT_LE(by.held.size() + (GetParam().keeps && told_->was_allowed() ? 1 : 0), std::max(permits, last));
            expect_sound(by, true);
            expect_only_mine_held(by);
            by.held.clear();
            expect_rest_to_be_had(by, last);
            expect_it_works(by);
        }
    });
}

constexpr auto name_of = [](const auto& each) { return each.param.name; };
INSTANTIATE_TEST_SUITE_P(Of, BulkheadDeaths, testing::ValuesIn(works_of_workers()), name_of);
INSTANTIATE_TEST_SUITE_P(OfOperators, BulkheadDeaths, testing::ValuesIn(works_on_bulkheads()), name_of);
INSTANTIATE_TEST_SUITE_P(Of, BulkheadWork, testing::ValuesIn(works_of_workers()), name_of);

}  // namespace
}  // namespace seki::test
