// A process dies after each instruction of a hedged call, and others make theirs with what it left. And it stands still, while others take all that the
// budget has, and then goes on. Which instructions are tried says route.hpp.
//
// What is stepped through is the caller's thread, in which the attempts run too: only that one writes to the segment.
#include <gtest/gtest.h>

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "algorithm/latency.hpp"
#include "primitives/clock.hpp"
#include "primitives/hedge.hpp"
#include "shm/directory.hpp"
#include "shm/hedge_piece.hpp"
#include "stage.hpp"

namespace seki::test {
namespace {

namespace law = algorithm::latency;

constexpr std::uint64_t allowed = 5;
constexpr std::uint64_t known_calls = 40, usual_ns = 1'000'000;

enum class ending : std::uint8_t { first_answers, second_answers, all_fail };

struct hedge_scenario {
    std::string name;
    ending ends;
    double percentile = 0;
    bool window_runs = true;  // else the one that takes begins it
};
std::ostream& operator<<(std::ostream& to, const hedge_scenario& each) { return to << each.name; }

class HedgeDeaths : public testing::TestWithParam<hedge_scenario> {
protected:
    // Where the percentile is not known, nobody waits for the delay.
    [[nodiscard]] static HedgeOptions options() {
        return {.delay = GetParam().percentile == 0 ? 0ns : 1h,
                .percentile = GetParam().percentile,
                .min_delay = 0ns,
                .ratio = 0,
                .min_per_second = allowed};
    }
    [[nodiscard]] static Hedge it_of(const Segment& segment) { return must(segment.hedge("it", options())); }
    [[nodiscard]] static shm::placement place_in(const Segment& segment) {
        return *shm::directory{segment.handle()->where()}.find(layout::kind::hedge, "it");
    }
    [[nodiscard]] static primitives::hedge inside_of(const Segment& segment) {
        return {segment.handle()->attachment(), place_in(segment)};
    }

    // What it finds is as old as the test wants it: a budget's window that begins now, or one of long ago; and calls of the host, just made.
    static void prepare(const Segment& segment) {
        const shm::segment& where = segment.handle()->where();
        const std::uint64_t now = primitives::clock_ms();
        shm::hedge_budget_of(where, place_in(segment))
            .fill(primitives::unpack_hedge(primitives::pack(options())).budget, GetParam().window_runs ? now : 0);
        for (std::uint64_t i = 0; i < known_calls; ++i)
            shm::latencies_of(where, place_in(segment)).record(now, usual_ns);
        (void)segment.handle()->attachment()->me();  // so that it has its slot
    }
    // The whole call. It is told whether the budget gave it another attempt.
    [[nodiscard]] operation call() {
        const Segment segment = opened(stage_.folder());
        prepare(segment);
        return [this, it = it_of(segment)] {
            std::optional<HedgeTask> first;
            const auto in_this_thread = [&](const HedgeTask& task) {
                if (GetParam().ends == ending::second_answers && !first)
                    first = task;
                else
                    task();
            };
            const auto attempt = [&](const std::stop_token&, std::uint64_t which) -> std::expected<int, int> {
                if (which != 0) told_->tell(true);
                if (GetParam().ends == ending::all_fail) return std::unexpected(1);
                return 1;
            };
            (void)it.call(attempt, in_this_thread);
        };
    }
    // Its steps in the segment, without one who would wait for the first attempt when there is no other.
    [[nodiscard]] operation steps_of_call() {
        const Segment segment = opened(stage_.folder());
        prepare(segment);
        return [this, it = std::make_shared<primitives::hedge>(inside_of(segment))] {
            detail::hedge_run run;
            (void)it->begin(run);
            const bool another = GetParam().ends == ending::second_answers && it->may_add();
            told_->tell(another);
            const bool works = GetParam().ends != ending::all_fail;
            it->end(run, {.attempts = another ? 2U : 1U,
                          .winner = works ? std::optional<std::size_t>{another ? 1 : 0} : std::nullopt,
                          .first_succeeded = works && !another,
                          .first_ns = run.delay_ns,
                          .took_ns = run.delay_ns});
        };
    }
    [[nodiscard]] stepped_process begin(trying what) {
        *told_ = {};
        return stage_.begin([this, what] { return what == trying::to_die ? call() : steps_of_call(); });
    }
    template <class Play>
    void play(trying what, Play at_instruction) {
        const std::string name = GetParam().name + told_as(what);
        route& way = way_of(name, [this, what] {
            stepped_process whole = begin(what);
            return walk(whole, stage_.folder());
        });
        play_at(points_of(way, what), way, name, at_instruction);
    }

    // By others, until they are denied.
    [[nodiscard]] static std::uint64_t take_all(const Segment& segment) {
        const primitives::hedge it = inside_of(segment);
        std::uint64_t taken = 0;
        while (it.may_add()) ++taken;
        return taken;
    }
    // How many windows may have begun since; a machine may stand still for a second.
    [[nodiscard]] static std::uint64_t windows_since(std::uint64_t start_ms) {
        return 1 + (primitives::clock_ms() - start_ms) / 1000;
    }
    // The delay of the host's next call is what the host's calls say, if not at once then soon.
    static void expect_usual_delay(const Segment& segment) {
        const primitives::hedge it = inside_of(segment);
        const auto given_up = std::chrono::steady_clock::now() + 10s;
        detail::hedge_run run;
        do (void)it.begin(run);
        while (run.delay_ns != law::end_of(law::bucket_of(usual_ns)) && std::chrono::steady_clock::now() < given_up);
        EXPECT_EQ(run.delay_ns, law::end_of(law::bucket_of(usual_ns)));
    }
    void judge(const Segment& segment, std::uint64_t others, std::uint64_t start_ms, std::uint64_t own_calls) const {
        EXPECT_LE((told_->was_allowed() ? 1 : 0) + others, allowed * windows_since(start_ms));
        EXPECT_GE(others, allowed - 1);
        const HedgeStatus now = must(it_of(segment).status());
        EXPECT_LE(now.calls, own_calls);
        EXPECT_LE(now.wins + now.failed, now.calls);
        EXPECT_GE(now.measured, known_calls);
        EXPECT_LE(now.measured, known_calls + own_calls);
        if (GetParam().percentile != 0) expect_usual_delay(segment);
        EXPECT_EQ(it_of(segment).call([] { return 7; }).value_or(0), 7);
        EXPECT_EQ(broken_in(segment), "");
    }

    stage stage_{[](const fs::path& folder) { (void)it_of(opened(folder)); }};
    in_common<answer> told_;
};

// Fails when any instruction may not be a process's last: an attempt is allowed twice, or more than one is lost; a call is measured twice, or those of
// others are forgotten; the delay by percentile stays unknown; or the doctor finds something.
TEST_P(HedgeDeaths, MayComeAfterAnyInstruction) {
    play(trying::to_die, [&](const place& at) {
        const std::uint64_t start = primitives::clock_ms();
        stepped_process dying = begin(trying::to_die);
        (void)at.lead(dying);
        dying.kill();
        const Segment segment = opened(stage_.folder(), Access::attach);
        EXPECT_EQ(broken_in(segment), "");
        const std::uint64_t others = take_all(segment);
        judge(segment, others, start, 1);
    });
}

// Fails when who stands still keeps others from taking what there is, or takes one beyond that when it goes on.
TEST_P(HedgeDeaths, AndOthersTakeAllWhileOneStandsStill) {
    play(trying::to_stand_still, [&](const place& at) {
        const std::uint64_t start = primitives::clock_ms();
        stepped_process slow = begin(trying::to_stand_still);
        (void)at.lead(slow);
        const Segment segment = opened(stage_.folder(), Access::attach);
        const std::uint64_t others = take_all(segment);
        EXPECT_EQ(it_of(segment).call([] { return 7; }).value_or(0), 7);
        EXPECT_TRUE(slow.finish());
        EXPECT_TRUE(told_->was_given());
        judge(segment, others, start, 2);
    });
}

INSTANTIATE_TEST_SUITE_P(
    Of, HedgeDeaths,
    testing::Values(hedge_scenario{.name = "TakingOneOfAWindow", .ends = ending::second_answers},
                    hedge_scenario{.name = "BeginningAWindow", .ends = ending::second_answers, .window_runs = false},
                    hedge_scenario{.name = "FindingThePercentileOut", .ends = ending::first_answers, .percentile = 80},
                    hedge_scenario{.name = "Failing", .ends = ending::all_fail}),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace seki::test
