// Somebody stands still at each instruction with which it asks; meanwhile what it asks is deleted, and another made that stands in the same place and lets
// everybody through; then it goes on.
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <set>

#include "breaker_scenarios.hpp"
#include "shm/directory.hpp"
#include "stage.hpp"

namespace seki::test {
namespace {

using codes = std::set<std::uint64_t>;
constexpr std::uint64_t code(Errc why) noexcept { return static_cast<std::uint64_t>(why); }

class DeletedMeanwhile : public testing::Test {
protected:
    // `prepare` answers the call that is stepped through. What it was told, wherever it stood meanwhile: never that it is let through.
    codes told_at_each_instruction(const stage& on, const stepped_process::preparation& prepare,
                                   const std::function<void(const Segment&)>& meanwhile) {
        codes told;
        for (std::uint64_t instructions = 0; !HasFailure(); ++instructions) {
            SCOPED_TRACE(instructions);
            *told_ = {};
            stepped_process slow = on.begin(prepare);
            if (!slow.step(instructions)) {
                EXPECT_GT(instructions, 50U);
                break;
            }
            const Segment segment = opened(on.folder(), Access::attach);
            meanwhile(segment);
            EXPECT_TRUE(slow.finish());
            EXPECT_TRUE(told_->was_given());
            EXPECT_FALSE(told_->was_allowed());
            told.insert(shm::hardware::load_relaxed(told_->more));
        }
        return told;
    }
    static std::uint32_t index_of(const Segment& segment, layout::kind kind, std::string_view name) {
        return shm::directory{segment.handle()->where()}.find(kind, name)->index;
    }
    in_common<answer> told_;
};

LimiterOptions so_many(std::uint64_t limit, std::chrono::hours window, std::uint64_t keys) {
    return {.limit = limit, .window = window, .max_keys = keys, .store_keys = false};
}

// Fails when a check goes by the terms of a limiter that nobody asked: of its own, all is spent. The next one's table is small, so that what the first had spent
// still stands behind it.
TEST_F(DeletedMeanwhile, ALimiterLetsNobodyThroughByTheTermsOfTheNext) {
    const stage on{[](const fs::path& folder) {
        const Limiter it = must(opened(folder).limiter("it", so_many(2, 24h, 1'000)));
        if (!it.check("k", 2).allowed) std::abort();
    }};
    const auto check = [&] {
        const Limiter it = must(opened(on.folder()).limiter("it"));
        (void)it.check("another");  // so it has joined
        return [this, it] {
            const Decision made = it.check("k");
            told_->tell(made.allowed, code(made.error));
        };
    };
    EXPECT_EQ(told_at_each_instruction(on, check,
                                       [](const Segment& segment) {
                                           const auto at = index_of(segment, layout::kind::limiter, "it");
                                           ASSERT_TRUE(segment.remove_limiter("it"));
                                           ASSERT_TRUE(segment.limiter("next", so_many(1'000'000, a_year, 1)));
                                           ASSERT_EQ(index_of(segment, layout::kind::limiter, "next"), at);
                                       }),
              (codes{code(Errc::none), code(Errc::deleted)}));
}

// Fails when a call goes by the word of a breaker that nobody asked: its own is forced open.
TEST_F(DeletedMeanwhile, ABreakerLetsNobodyThroughByTheWordOfTheNext) {
    const stage on{forced(&Breaker::open)};
    const auto ask = [&] {
        return with_breaker([](const Breaker& it) { return it.admit().refusal().code; })(on.folder(), *told_);
    };
    EXPECT_EQ(told_at_each_instruction(on, ask,
                                       [](const Segment& segment) {
                                           const auto at = index_of(segment, layout::kind::breaker, "it");
                                           ASSERT_TRUE(segment.remove_breaker("it"));
                                           ASSERT_TRUE(segment.breaker("next", patient_options()));
                                           ASSERT_EQ(index_of(segment, layout::kind::breaker, "next"), at);
                                       }),
              (codes{code(Errc::circuit_open), code(Errc::deleted)}));
}

}  // namespace
}  // namespace seki::test
