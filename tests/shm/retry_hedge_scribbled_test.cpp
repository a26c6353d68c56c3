// The budget of retries and the times of calls while somebody changes their words faster than anybody can: what would be the others' progress otherwise is
// nobody's.
#include <gtest/gtest.h>

#include "shm/latency_window.hpp"
#include "shm/retry_budget.hpp"

namespace seki::test {
namespace {

// Memory in which somebody writes whenever a word is to be changed.
struct scribbled : shm::hardware {
    static bool cas_acq_rel(shm::word& w, std::uint64_t& expected, std::uint64_t /*desired*/) noexcept {
        store_relaxed(w, expected += 1);
        return false;
    }
    static bool cas_pair(shm::pair& p, shm::pair_value expected, shm::pair_value /*desired*/) noexcept {
        shm::hardware::store_pair_release(p, {expected.first + 1, expected.second});
        return false;
    }
};

constexpr auto stands = [] { return true; };
constexpr auto law = [] { return shm::retry_budget<>::terms{.ratio = 0, .min_per_second = 10}; };

// Each of these fails by not coming back, when a loop ends by nothing but the progress of others.

TEST(ScribbledRetryBudget, WhoAsksForARetryIsDenied) {
    layout::retry_block block{};
    const shm::retry_budget<scribbled> budget{block};
    budget.fill(law(), 5'000);
    const auto count = [] { return std::uint64_t{0}; };
    EXPECT_FALSE(budget.take(stands, [] { return std::uint64_t{5'001}; }, law, count));
}

// Fails also if it adds up what all workers counted again and again.
TEST(ScribbledRetryBudget, WhoCannotBeginAWindowIsDeniedSoon) {
    layout::retry_block block{};
    const shm::retry_budget<scribbled> budget{block};
    budget.fill(law(), 5'000);
    int sums = 0;
    const auto count = [&] { return ++sums, std::uint64_t{0}; };
    EXPECT_FALSE(budget.take(stands, [] { return std::uint64_t{9'000}; }, law, count));
    EXPECT_LE(sums, 4);
}

TEST(ScribbledLatencies, WhoRecordsGoesAway) {
    layout::latency_block block{};
    shm::latency_window<scribbled>{block}.record(5'000, 1'000'000);
}

// Fails if an answer of a time to come, or one that no call can have, is taken for one that was found; or one that was found is not.
TEST(ScribbledLatencies, AnAnswerThatNobodyGaveIsTold) {
    layout::latency_block block{};
    const shm::latency_window<> window{block};
    const auto now = [] { return std::uint64_t{5'000}; };
    EXPECT_TRUE(window.has_sound_answer(now));
    for (int i = 0; i < 200; ++i) window.record(5'000, 1'000'000);
    ASSERT_GE(window.quantile(5'000, 500), 1'000'000U);
    EXPECT_TRUE(window.has_sound_answer(now));
    shm::hardware::store_relaxed(block.asked_ms, 5'001);
    EXPECT_FALSE(window.has_sound_answer(now));
    shm::hardware::store_relaxed(block.asked_ms, 5'000);
    shm::hardware::store_relaxed(block.answer_ns, 1'000'000'007);
    EXPECT_FALSE(window.has_sound_answer(now));
    window.forget_answer();
    EXPECT_TRUE(window.has_sound_answer(now));
}

// Fails if who asks for a quantile that somebody else is to find does not go on with the last one.
TEST(ScribbledLatencies, WhoCannotAskGoesOnWithTheLastAnswer) {
    layout::latency_block block{};
    shm::hardware::store_relaxed(block.answer_ns, 7'000);
    EXPECT_EQ((shm::latency_window<scribbled>{block}.quantile(5'000, 500)), 7'000U);
}

// Fails if a tally that is full counts on from nothing.
TEST(ScribbledLatencies, ATallyThatIsFullStaysFull) {
    layout::latency_block block{};
    const shm::latency_window<> window{block};
    window.record(5'000, 1'000'000);
    const std::size_t bucket = algorithm::latency::bucket_of(1'000'000);
    auto& tally = block.tallies[algorithm::latency::slice_of(5'000) % algorithm::latency::slices][bucket];
    const std::uint64_t full = shm::hardware::load_relaxed(tally) | 0xffff'ffff;
    shm::hardware::store_relaxed(tally, full);
    ASSERT_EQ(window.look(5'000)[bucket], 0xffff'ffffU);
    window.record(5'000, 1'000'000);
    EXPECT_EQ(shm::hardware::load_relaxed(tally), full);
}

}  // namespace
}  // namespace seki::test
