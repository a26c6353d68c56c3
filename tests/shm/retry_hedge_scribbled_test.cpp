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
        shm::hardware::store_pair_unshared(p, {expected.first + 1, expected.second});
        return false;
    }
};

// Each of these fails by not coming back, when a loop ends by nothing but the progress of others.

TEST(ScribbledRetryBudget, WhoAsksForARetryIsDenied) {
    layout::retry_block block{};
    const shm::retry_budget<scribbled> budget{block};
    budget.fill({.ratio = 0, .min_per_second = 10}, 5'000);
    const auto count = [] { return std::uint64_t{0}; };
    EXPECT_FALSE(budget.take({.ratio = 0, .min_per_second = 10}, [] { return std::uint64_t{5'001}; }, count));
}

// Fails also if it adds up what all workers counted again and again.
TEST(ScribbledRetryBudget, WhoCannotBeginAWindowIsDeniedSoon) {
    layout::retry_block block{};
    const shm::retry_budget<scribbled> budget{block};
    budget.fill({.ratio = 0, .min_per_second = 10}, 5'000);
    int sums = 0;
    const auto count = [&] { return ++sums, std::uint64_t{0}; };
    EXPECT_FALSE(budget.take({.ratio = 0, .min_per_second = 10}, [] { return std::uint64_t{9'000}; }, count));
    EXPECT_LE(sums, 4);
}

TEST(ScribbledLatencies, WhoRecordsGoesAway) {
    layout::latency_block block{};
    shm::latency_window<scribbled>{block}.record(5'000, 1'000'000);
}

}  // namespace
}  // namespace seki::test
