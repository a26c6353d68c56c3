// What a check left a receipt of is given back exactly, however late: never so that more is let through than the limit allows.
#include <deque>
#include <map>
#include <random>
#include <vector>

#include "limiter_fixture.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

class LimiterRefunds : public EveryLimiterTest {
protected:
    struct spending {
        primitives::receipt receipt{};
        std::uint64_t at = 0, cost = 0;
    };
    [[nodiscard]] Decision spend(const primitives::limiter& of, std::int64_t cost, primitives::receipt& receipt) const {
        return of.attempt({.key = "alice", .cost = cost}, receipt, [this](Clock) { return now; });
    }
    void refund(const primitives::limiter& of, const primitives::receipt& receipt, std::int64_t cost = 1'000) const {
        EXPECT_EQ(of.refund(receipt, cost, [this](Clock) { return now; }), Errc::none);
    }

    // What is net of refunds: in no stretch of time more than burst and rate for a bucket, in no window more than the limit (sliding: by its formula).
    void judge(const std::vector<spending>& all, const LimiterOptions& options) const {
        const auto window = static_cast<std::uint64_t>(options.window.count());
        std::map<std::uint64_t, std::uint64_t> by_window;
        for (const auto& each : all) by_window[each.at / window] += each.cost;
        if (GetParam() == Algorithm::fixed_window || GetParam() == Algorithm::sliding_window) {
            for (const auto& [number, sum] : by_window) ASSERT_LE(sum, options.limit);
            return;
        }
        for (std::size_t first = 0; first < all.size(); ++first)
            for (std::uint64_t sum = 0, last = first; last < all.size(); ++last) {
                sum += all[last].cost;
                const std::uint64_t passed = all[last].at - all[first].at;
                ASSERT_LE((sum - std::min(sum, options.limit)) * window, passed * options.limit);
            }
    }
};
INSTANTIATE_TEST_SUITE_P(, LimiterRefunds, testing::ValuesIn(every_algorithm), name_of_algorithm);

// Fails if a refund of what was spent a moment ago gives back more or less than that.
TEST_P(LimiterRefunds, GiveBackWhatWasSpentAMomentAgo) {
    const auto limiter = make(six_a_minute());
    primitives::receipt four, two;
    ASSERT_TRUE(spend(limiter, 4, four).allowed);
    ASSERT_TRUE(spend(limiter, 2, two).allowed);
    refund(limiter, two, 1);
    EXPECT_EQ(peek(limiter, "alice", 0).remaining, 1U);
    refund(limiter, four);
    EXPECT_EQ(peek(limiter, "alice", 0).remaining, 5U);
    EXPECT_EQ(counted(limiter)[layout::count_refund], 2U);
}

// Fails if what was spent is given back by terms that ceased, or to a limiter that was deleted, while the clock was read for it.
TEST_P(LimiterRefunds, GiveBackNothingThatChangesMeanwhile) {
    const auto limiter = make(six_a_minute());
    primitives::receipt all;
    ASSERT_TRUE(spend(limiter, 6, all).allowed);
    const auto state = [&] { return limiter.table().find(limiter.hash()("alice")).state; };
    const std::uint64_t before = state();
    const auto meanwhile = [&](auto what) {
        EXPECT_EQ(limiter.refund(all, 6,
                                 [&](Clock) {
                                     what();
                                     return now;
                                 }),
                  Errc::none);
        EXPECT_EQ(state(), before);
    };
    LimiterOptions other = six_a_minute();
    other.clock = Clock::coarse;
    meanwhile([&] { EXPECT_TRUE(primitives::limiters::change(where(), "it", other)); });
    all.version = shm::terms_version(shm::directory{where()}.entry(limiter.place().index));
    meanwhile([&] { EXPECT_TRUE(primitives::limiters::remove(where(), "it")); });
}

// Fails if what was spent in one window is given back to the next, or to a bucket that has filled since, where others have spent all there is.
TEST_P(LimiterRefunds, GiveBackNothingThatOthersSpent) {
    const auto limiter = make(six_a_minute());
    primitives::receipt early;
    ASSERT_TRUE(spend(limiter, 5, early).allowed);
    pass(120s);
    ASSERT_TRUE(check(limiter, "alice", 6).allowed);
    refund(limiter, early);
    EXPECT_FALSE(check(limiter, "alice").allowed);
}

// Fails if a change of options makes a refund give back by other terms than it was spent by, or one of a denial, or of nothing, gives back at all.
TEST_P(LimiterRefunds, GiveBackNothingByOtherTermsOrOfADenial) {
    const auto limiter = make(six_a_minute());
    primitives::receipt all, denied;
    ASSERT_TRUE(spend(limiter, 6, all).allowed);
    EXPECT_FALSE(spend(limiter, 1, denied).allowed);
    refund(limiter, denied);
    refund(limiter, {});
    EXPECT_FALSE(peek(limiter, "alice").allowed);
    primitives::receipt used = all;
    EXPECT_FALSE(spend(limiter, 1, used).allowed);
    refund(limiter, used);
    EXPECT_FALSE(peek(limiter, "alice").allowed) << "what it told of before was not that check's";
    LimiterOptions other = six_a_minute();
    other.clock = Clock::coarse;
    ASSERT_TRUE(primitives::limiters::change(where(), "it", other));
    refund(limiter, all);
    EXPECT_FALSE(peek(limiter, "alice").allowed);
    EXPECT_EQ(limiter.refund(all, -1, [this](Clock) { return now; }), Errc::invalid_argument);
}

// Fails if any sequence of checks, pauses and late refunds lets more through, net of what was given back, than there may be.
TEST_P(LimiterRefunds, NeverLetMoreThroughThanTheLimit) {
    std::mt19937_64 random{seed_or(1)};
    for (int run = 0; run < 300 && !HasFatalFailure(); ++run) {
        const auto limiter = make(six_a_minute());
        std::vector<spending> all;
        std::deque<std::size_t> open;
        for (int step = 0; step < 60; ++step) {
            if (random() % 3 == 0) pass(std::chrono::seconds{random() % 45});
            if (random() % 3 == 0 && !open.empty()) {
                const std::size_t which = open[random() % open.size()];
                std::erase(open, which);
                const auto unused = random() % (all[which].cost + 1);
                refund(limiter, all[which].receipt, static_cast<std::int64_t>(unused));
                all[which].cost -= unused;
                continue;
            }
            spending made{.at = now, .cost = 1 + random() % 6};
            if (!spend(limiter, static_cast<std::int64_t>(made.cost), made.receipt).allowed) continue;
            open.push_back(all.size());
            all.push_back(made);
        }
        judge(all, six_a_minute());
        ASSERT_TRUE(primitives::limiters::remove(where(), "it"));
    }
}

}  // namespace
}  // namespace seki::test
