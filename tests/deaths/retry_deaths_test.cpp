// A process dies after each instruction that takes a retry from the budget, and others take what it left. And it stands still, while others take all that
// there is, and then goes on. Which instructions are tried says route.hpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <utility>

#include "primitives/clock.hpp"
#include "primitives/retry_terms.hpp"
#include "shm/directory.hpp"
#include "shm/retry_piece.hpp"
#include "stage.hpp"

namespace seki::test {
namespace {

constexpr std::uint64_t allowed = 5;

[[nodiscard]] RetryOptions five_a_second() {
    return {.base_delay = 0ns, .max_delay = 0ns, .ratio = 0, .min_per_second = allowed};
}
[[nodiscard]] Retry it_of(const Segment& segment) { return must(segment.retry("it", five_a_second())); }

[[nodiscard]] shm::retry_budget<> budget_of(const Segment& segment) {
    const shm::segment& where = segment.handle()->where();
    return shm::budget_of(where, *shm::directory{where}.find(layout::kind::retry, "it"));
}

struct retry_scenario {
    std::string name;
    bool window_runs;  // else the one that takes begins it
};
std::ostream& operator<<(std::ostream& to, const retry_scenario& each) { return to << each.name; }

class RetryDeaths : public testing::TestWithParam<retry_scenario> {
protected:
    // A call under way, whose attempt fails next. What it finds is as old as the test wants it: a window that begins now, or one of long ago.
    [[nodiscard]] stepped_process begin() {
        *told_ = {};
        return stage_.begin([this]() -> operation {
            const Segment segment = opened(stage_.folder());
            auto call = std::make_shared<RetryLoop>(it_of(segment).begin());
            const std::uint64_t start = GetParam().window_runs ? primitives::clock_ms() : 0;
            budget_of(segment).fill(primitives::unpack_retry(primitives::pack(five_a_second())).budget, start);
            return [this, call] { told_->tell(static_cast<bool>(call->failed())); };
        });
    }
    template <class Play>
    void play(trying what, Play at_instruction) {
        route& way = way_of(GetParam().name, [this] {
            stepped_process whole = begin();
            return walk(whole, stage_.folder());
        });
        play_at(points_of(way, what), way, GetParam().name + told_as(what), at_instruction);
    }

    // By others, until they are denied.
    [[nodiscard]] static std::uint64_t take_all(const Segment& segment) {
        std::uint64_t taken = 0;
        while (it_of(segment).begin().failed()) ++taken;
        return taken;
    }
    // How many windows may have begun since; a machine may stand still for a second.
    [[nodiscard]] static std::uint64_t windows_since(std::uint64_t start_ms) {
        return 1 + (primitives::clock_ms() - start_ms) / 1000;
    }

    stage stage_{[](const fs::path& folder) { (void)it_of(opened(folder)); }};
    in_common<answer> told_;
};

// Fails when any instruction may not be a process's last: a retry is given twice, or more than one is lost, or the doctor finds something.
TEST_P(RetryDeaths, MayComeAfterAnyInstruction) {
    play(trying::to_die, [&](const place& at) {
        const std::uint64_t start = primitives::clock_ms();
        stepped_process dying = begin();
        (void)at.lead(dying);
        dying.kill();
        const Segment segment = opened(stage_.folder(), Access::attach);
        const std::uint64_t own = told_->was_allowed() ? 1 : 0;
        const std::uint64_t others = take_all(segment);
        EXPECT_LE(own + others, allowed * windows_since(start));
        EXPECT_GE(others, allowed - 1);
        EXPECT_EQ(broken_in(segment), "");
    });
}

// Fails when who stands still keeps others from taking what there is, or takes one beyond that when it goes on.
TEST_P(RetryDeaths, AndOthersTakeAllWhileOneStandsStill) {
    play(trying::to_stand_still, [&](const place& at) {
        const std::uint64_t start = primitives::clock_ms();
        stepped_process slow = begin();
        (void)at.lead(slow);
        const Segment segment = opened(stage_.folder(), Access::attach);
        const std::uint64_t others = take_all(segment);
        EXPECT_TRUE(slow.finish());
        EXPECT_TRUE(told_->was_given());
        EXPECT_LE((told_->was_allowed() ? 1 : 0) + others, allowed * windows_since(start));
        EXPECT_GE(others, allowed - 1);
        EXPECT_EQ(broken_in(segment), "");
    });
}

INSTANTIATE_TEST_SUITE_P(Of, RetryDeaths,
                         testing::Values(retry_scenario{"TakingOneOfAWindow", true},
                                         retry_scenario{"BeginningAWindow", false}),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace seki::test
