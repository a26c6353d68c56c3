// Four processes with two threads each spend one key, whatever happens to them: what is admitted is what the formula allows, to the last unit.
#include "one_key.hpp"

namespace seki::test {
namespace {

INSTANTIATE_TEST_SUITE_P(, OneKey, every_algorithm, name_of);

// Fails if two processes spend the same unit, or one is lost between them.
TEST_P(OneKey, TheTotalIsExactlyWhatTheFormulaAllows) {
    make(2'000'000);
    fleet workers{host_, stop_word, processes, threads, spending(true)};
    std::this_thread::sleep_for(span_of_a_test());
    const std::uint64_t before_the_end = allowed();
    ASSERT_TRUE(workers.finish());
    EXPECT_GE(observed(), before_the_end);
    EXPECT_LE(observed(), allowed());
    EXPECT_EQ(spent(), observed());
    EXPECT_EQ(counted(), observed());
    EXPECT_GT(observed(), 0U);
}

// Fails if a death gives quota back, or takes more of it than the one decision that each thread was in.
TEST_P(OneKey, KilledProcessesGainNothing) {
    make(10'000'000);
    fleet workers{host_, stop_word, processes, threads, spending(false)};
    std::uint64_t kills = 0;
    for (const running test; test; ++kills) {
        std::this_thread::sleep_for(std::chrono::microseconds{random_() % 8000});
        workers.kill_and_replace(random_() % workers.size());
    }
    ASSERT_TRUE(workers.finish());
    EXPECT_GT(observed(), 0U);
    EXPECT_LE(spent(), allowed());
    EXPECT_LE(observed(), counted());
    EXPECT_LE(counted(), spent());
    EXPECT_LE(spent(), observed() + kills * threads);
    if (is_bucket()) return;
    // What is left is exactly what is left.
    const Limiter limiter = must(host_.segment().limiter("it"));
    EXPECT_TRUE(limiter.check(key, static_cast<std::int64_t>(options_.limit - spent())).allowed);
    EXPECT_FALSE(limiter.check(key).allowed);
}

// Fails if a process that is stopped in the middle of a decision, and goes on long after, spends by what it saw before.
TEST_P(OneKey, StoppedProcessesGoOnWithoutHarm) {
    make(10'000'000);
    fleet workers{host_, stop_word, processes, threads, spending(false)};
    for (const running test; test;) {
        const std::size_t which = random_() % workers.size();
        workers.signal(which, SIGSTOP);
        std::this_thread::sleep_for(std::chrono::microseconds{random_() % 5000});
        if (random_() % 4 != 0) workers.signal(which, SIGCONT);
    }
    ASSERT_TRUE(workers.finish());
    EXPECT_GT(observed(), 0U);
    EXPECT_LE(observed(), allowed());
    EXPECT_EQ(spent(), observed());
    EXPECT_EQ(counted(), observed());
}

// Fails if a change while others decide lets them spend by a mixture of terms, or forgets what was spent. The largest terms come last.
TEST_P(OneKey, LiveChangesNeverLetMoreThroughThanTheLargestTermsAllow) {
    constexpr std::uint64_t steps = 80;
    make(2'000'000);
    const LimiterOptions largest = options_;
    fleet workers{host_, stop_word, processes, threads, spending(true)};
    std::uint64_t i = 1;
    for (const running test; test; ++i) {
        std::this_thread::sleep_for(2ms);
        LimiterOptions next = largest;
        if (is_bucket())
            next.burst = burst - random_() % 1000;
        else
            next.limit = i % 3 == 0 ? 1 + random_() % 100 : largest.limit / steps * std::min(i, steps);
        ASSERT_TRUE(host_.segment().change("it", next));
        if (!is_bucket()) {
            ASSERT_LE(host_.inside().check({.key = key, .cost = 0}).remaining, next.limit);
        }
    }
    ASSERT_TRUE(host_.segment().change("it", largest));
    const std::uint64_t before_the_end = allowed();
    ASSERT_TRUE(workers.finish());
    EXPECT_GE(observed(), before_the_end);
    EXPECT_LE(observed(), allowed());
    EXPECT_EQ(spent(), observed());
}

}  // namespace
}  // namespace seki::test
