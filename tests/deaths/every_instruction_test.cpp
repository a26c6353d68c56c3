// A process dies after each instruction of each operation, and another one looks at what it left. And it stands still after each, while
// others do what they have to do, and then goes on.
// Of limiters, and of the segment itself. Which instructions are tried says route.hpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "limiter_scenarios.hpp"
#include "report/snapshot.hpp"
#include "shm/workers.hpp"

namespace seki::test {
namespace {

// How much of a key is let through: what is left of its limit, exactly.
std::int64_t spend(const Limiter& from, std::string_view key) {
    std::int64_t spent = 0;
    while (spent <= 2 * limit && from.check(key).allowed) ++spent;
    return spent;
}

class EveryInstruction : public testing::TestWithParam<limiter_scenario> {
protected:
    [[nodiscard]] stepped_process begin() {
        *told_ = {};
        return stage_.begin([this] { return GetParam().prepare(stage_.folder(), *told_); });
    }

    // What must be true whatever happened: nothing is broken, nobody is left, and of the key no more can be spent than is left.
    void judge(std::int64_t by_others) const {
        const Segment segment = opened(stage_.folder());
        (void)shm::reap(segment.handle()->where());
        EXPECT_EQ(broken_in(segment), "");
        EXPECT_LE(report::look_at_processes(segment.handle()->where()).size(), 1U);
        for (const auto& each : fs::directory_iterator{stage_.folder()})
            EXPECT_THAT(each.path().filename().native(), testing::StartsWith("a.seg"));
        const Limiter it = it_of(segment);
        const limiter_scenario& played = GetParam();
        const std::int64_t left = limit - played.spent - by_others;
        const std::int64_t now = spend(it, "k");
        EXPECT_GE(now, std::max<std::int64_t>(0, std::min(left, left - played.cost)));
        EXPECT_LE(now, std::max(left, left - played.cost));
        if (told_->was_allowed() && played.commutes) {
            EXPECT_EQ(now, left - played.cost);
        }
        EXPECT_EQ(spend(it, "fresh"), limit);
    }

    // Plays `at_instruction` at the chosen instructions of the operation, and once beyond its end.
    template <class Play>
    void play(trying what, Play at_instruction) {
        route& way = way_of(GetParam().name, [this] {
            stepped_process whole = begin();
            return walk(whole, stage_.folder());
        });
        play_at(points_of(way, what), way, GetParam().name + told_as(what), at_instruction);
    }

    stage stage_{GetParam().world};
    in_common<answer> told_;
};

// Fails when any instruction may not be a process's last: something is let through twice, lost, broken, or left behind for good.
TEST_P(EveryInstruction, MayBeTheLast) {
    play(trying::to_die, [&](const place& at) {
        stepped_process dying = begin();
        (void)at.lead(dying);
        dying.kill();
        judge(0);
    });
}

// Fails when who stands still keeps others from deciding, or when the two together let through more or less than one after the other would.
TEST_P(EveryInstruction, MayTakeForever) {
    if (!stage_.has_segment_from_the_start()) return;  // there is nobody yet to wait for
    play(trying::to_stand_still, [&](const place& at) {
        stepped_process slow = begin();
        (void)at.lead(slow);
        std::int64_t by_others = 0;
        {
            const Segment segment = opened(stage_.folder(), Access::attach);
            if (const auto it = segment.limiter("it")) {
                by_others = it->check("k").allowed ? 1 : 0;
                EXPECT_TRUE(it->check("other").allowed);
            }
        }
        EXPECT_TRUE(slow.finish());
        EXPECT_TRUE(told_->was_given());
        if (GetParam().commutes) judge(by_others);
    });
}

INSTANTIATE_TEST_SUITE_P(Of, EveryInstruction, testing::ValuesIn(works_with_limiters()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace seki::test
