// Somebody stands still at each instruction of a check; meanwhile the terms of the limiter change, twice, so that others stand where those were by which it
// decides; then it goes on.
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "primitives/limiter_terms.hpp"
#include "shm/directory.hpp"
#include "stage.hpp"

namespace seki::test {
namespace {

// So long that none of it comes back while a test runs.
constexpr auto year = 366 * 24h;

LimiterOptions so_many_a_year(Algorithm algorithm, std::uint64_t limit) {
    return {.algorithm = algorithm, .limit = limit, .window = year, .max_keys = 8};
}

// What a check told, as one number.
constexpr std::uint64_t told(std::uint64_t limit, std::uint64_t remaining, bool queued) {
    return limit * 1000 + remaining * 10 + (queued ? 1 : 0);
}

class TermsMeanwhile : public testing::TestWithParam<Algorithm> {
protected:
    [[nodiscard]] stepped_process begin(std::int64_t cost, const std::function<void(const Segment&)>& prepare) {
        *told_ = {};
        return stage_.begin([this, cost, prepare] {
            const Segment segment = opened(stage_.folder());
            const Limiter it = must(segment.limiter("it"));
            (void)it.check("another");  // so it has joined
            prepare(segment);
            return [this, it, cost] {
                const Decision made = it.check("k", cost);
                told_->tell(made.allowed, told(made.limit, made.remaining, made.delay > 0ns));
            };
        });
    }
    // Calls play(process) with one that stands still after each number of its instructions, which prepared itself.
    template <class Play>
    void at_each_instruction(
        std::int64_t cost, Play play, const std::function<void(const Segment&)>& prepare = [](const Segment&) {}) {
        for (std::uint64_t instructions = 0; !HasFailure(); ++instructions) {
            SCOPED_TRACE(instructions);
            stepped_process slow = begin(cost, prepare);
            if (!slow.step(instructions)) {
                EXPECT_GT(instructions, 100U);
                return;
            }
            play(slow);
        }
    }
    stage stage_{[](const fs::path& folder) {
        const Limiter it = must(opened(folder).limiter("it", so_many_a_year(GetParam(), 6)));
        if (!it.check("k").allowed) std::abort();
    }};
    in_common<answer> told_;
};

// Fails when what a check tells is by other terms than those that it was decided by, or by a mixture of both.
TEST_P(TermsMeanwhile, AreNotWhatIsTold) {
    const bool queues = GetParam() == Algorithm::leaky_bucket;
    const std::uint64_t before = told(6, 3, queues);
    // A backlog is a time: a sixth of a year, and a tenth for these two.
    const std::uint64_t afterwards = told(20, 14, queues);
    std::set<std::uint64_t> seen;
    at_each_instruction(2, [&](stepped_process& slow) {
        const Segment segment = opened(stage_.folder(), Access::attach);
        EXPECT_TRUE(segment.change("it", so_many_a_year(GetParam(), 9)));
        EXPECT_TRUE(segment.change("it", so_many_a_year(GetParam(), 20)));
        EXPECT_TRUE(slow.finish());
        EXPECT_TRUE(told_->was_allowed());
        seen.insert(shm::hardware::load_relaxed(told_->more));
    });
    EXPECT_EQ(seen, (std::set{before, afterwards}));
}

// Fails when a number of terms that somebody scribbled is divided by.
TEST_P(TermsMeanwhile, MayBeScribbled) {
    at_each_instruction(
        2,
        [&](stepped_process& slow) {
            const Segment segment = opened(stage_.folder(), Access::attach);
            EXPECT_TRUE(segment.change("it", so_many_a_year(GetParam(), 9)));
            EXPECT_TRUE(slow.finish());
        },
        [](const Segment& segment) {
            auto& entry = shm::directory{segment.handle()->where()}.entry(0);
            auto values = shm::read_terms(entry).values;
            values[layout::term_emission] = 0;
            shm::publish_terms(entry, values);
        });
}

constexpr auto name_of_law = [](const auto& each) { return std::string{primitives::to_string(each.param)}; };
INSTANTIATE_TEST_SUITE_P(Of, TermsMeanwhile, testing::Values(Algorithm::gcra, Algorithm::leaky_bucket), name_of_law);

class WindowMeanwhile : public TermsMeanwhile {};

// Fails when what others spent in a window of the new length is judged by the old one: its number is one of years to come there, and who is told so gives up.
TEST_P(WindowMeanwhile, IsNotOneOfYearsToCome) {
    for (std::uint64_t instructions = 0; !HasFailure(); ++instructions) {
        SCOPED_TRACE(instructions);
        *told_ = {};
        stepped_process slow = stage_.begin([this] {
            const Limiter it = must(opened(stage_.folder()).limiter("it"));
            (void)it.check("another");  // so it has joined
            return [this, it] {
                const Decision made = it.check("k", 2);
                told_->tell(made.allowed, made.allowed || made.retry_after <= 2h ? 0 : 1);
            };
        });
        if (!slow.step(instructions)) {
            EXPECT_GT(instructions, 100U);
            return;
        }
        const Segment segment = opened(stage_.folder(), Access::attach);
        LimiterOptions shorter = so_many_a_year(GetParam(), 6);
        shorter.window = 1h;
        EXPECT_TRUE(segment.change("it", shorter));
        EXPECT_TRUE(must(segment.limiter("it")).check("k", 6).allowed);
        EXPECT_TRUE(slow.finish());
        EXPECT_TRUE(told_->was_given());
        EXPECT_EQ(shm::hardware::load_relaxed(told_->more), 0U);
    }
}

INSTANTIATE_TEST_SUITE_P(Of, WindowMeanwhile, testing::Values(Algorithm::fixed_window), name_of_law);

}  // namespace
}  // namespace seki::test
