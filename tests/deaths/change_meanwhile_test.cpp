// Somebody stands still at each instruction with which it tells what a call came to; meanwhile the terms of the breaker change; then it goes on.
// Which instructions are tried says route.hpp.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "breaker_scenarios.hpp"

namespace seki::test {
namespace {

constexpr int errors = 4;

// What was told, and into which window.
struct told_outcome {
    const char* name;
    Outcome said;
    BreakerOptions options;
};

BreakerOptions judging_after(std::uint64_t calls, BreakerOptions options) {
    options.minimum_calls = calls;
    return options;
}

// Who was let in, with a slot of its own, and is about to tell.
auto about_to_tell(Outcome outcome) {
    return [outcome](const fs::path& folder, answer& told) -> operation {
        const Segment segment = opened(folder);
        (void)segment.handle()->attachment()->me();
        auto held = std::make_shared<Admission>(must(segment.breaker("it")).admit());
        return [segment, held, &told, outcome] {
            held->tell(outcome);
            told.tell(true);
        };
    };
}

class ChangeMeanwhile : public testing::TestWithParam<told_outcome> {
protected:
    [[nodiscard]] stepped_process begin() {
        *told_ = {};
        return stage_.begin([this] { return about_to_tell(GetParam().said)(stage_.folder(), *told_); });
    }
    stage stage_{closed_after(0, errors, judging_after(window, GetParam().options))};
    in_common<answer> told_;
};

// Fails when the fifth outcome goes into the window by the terms under which five are not enough, after who made them enough has judged the window of
// four: then it asks for opening, and nobody opens.
TEST_P(ChangeMeanwhile, LeavesNoWindowUnjudged) {
    route& way = way_of(GetParam().name, [this] {
        stepped_process whole = begin();
        return walk(whole, stage_.folder());
    });
    const std::string name = GetParam().name + std::string{": terms changed meanwhile"};
    play_at(points_of(way, trying::to_stand_still), way, name, [&](const place& at) {
        stepped_process slow = begin();
        (void)at.lead(slow);
        const Segment segment = opened(stage_.folder(), Access::attach);
        const Breaker it = must(segment.breaker("it"));
        EXPECT_TRUE(segment.change("it", judging_after(errors + 1, GetParam().options)));
        EXPECT_TRUE(slow.finish());
        EXPECT_TRUE(told_->was_given());
        EXPECT_EQ(standing_of(it), (standing{.state = BreakerState::open}));
        EXPECT_EQ(broken_in(segment), "");
    });
}

INSTANTIATE_TEST_SUITE_P(Of, ChangeMeanwhile,
                         testing::Values(told_outcome{"ok", Outcome::ok, patient_options()},
                                         told_outcome{"error", Outcome::error, patient_options()},
                                         told_outcome{"ok_in_time_window", Outcome::ok, timed(patient_options())},
                                         told_outcome{"error_in_time_window", Outcome::error,
                                                      timed(patient_options())}),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace seki::test
