// Four processes with two threads each spend one key, whatever happens to them: what is admitted is what the formula allows, to the last unit.
#include <random>

#include "algorithm/gcra.hpp"
#include "fleet.hpp"
#include "primitives/clock.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

constexpr int processes = 4, threads = 2;
constexpr std::size_t observed_word = 0, stop_word = 64;  // each in a cache line of its own
constexpr std::string_view key = "the one";

class OneKey : public testing::TestWithParam<Algorithm> {
protected:
    // A bucket that is empty at a known time, ten seconds from being as good as new: it is never idle while a test runs, so one unit comes
    // back every 10 us and the state says exactly how many were spent. A window that does not end: its count says so.
    void make(std::uint64_t limit_of_window) {
        options_ = {.algorithm = GetParam(), .limit = limit_of_window, .window = 366 * 24h, .max_keys = 64};
        if (is_bucket())
            options_ = {.algorithm = GetParam(), .limit = rate, .window = 1s, .burst = burst, .max_keys = 64};
        (void)must(host_.segment().limiter("it", options_));
        if (!is_bucket()) return;
        start_ = primitives::read_clock(Clock::precise);
        ASSERT_TRUE(host_.inside().decide({.key = key, .cost = burst}, [this](Clock) { return start_; }).allowed);
    }

    [[nodiscard]] static bool is_bucket() { return primitives::is_bucket(GetParam()); }

    // What the fleet spent, by the state of the key.
    [[nodiscard]] std::uint64_t spent() const {
        const primitives::limiter it = host_.inside();
        if (!is_bucket()) {
            const Decision seen = it.check({.key = key, .cost = 0});
            return seen.limit - seen.remaining;
        }
        const auto at = it.table().find(it.hash()(key));
        EXPECT_TRUE(at);
        const std::uint64_t ticks = at.state - start_ * algorithm::gcra::ticks_per_nano;
        EXPECT_EQ(ticks % emission, 0U);
        return ticks / emission - burst;
    }
    // What the formula allows the fleet by now.
    [[nodiscard]] std::uint64_t allowed() const {
        if (!is_bucket()) return options_.limit;
        return (primitives::read_clock(Clock::precise) - start_) * algorithm::gcra::ticks_per_nano / emission;
    }
    [[nodiscard]] std::uint64_t observed() const { return host_.read(observed_word); }
    [[nodiscard]] std::uint64_t counted() const {
        return host_.counted()[layout::cost_allow] - (is_bucket() ? burst : 0);
    }

    // Spends until it is asked to end; `until_denied`: and then until nothing is left.
    [[nodiscard]] fleet::work spending(bool until_denied) const {
        return [this, until_denied](const Segment& segment, std::size_t) -> fleet::step {
            return [this, until_denied, limiter = must(segment.limiter("it"))](bool last) {
                const Decision decision = limiter.check(key);
                if (decision.error != Errc::none) std::abort();
                if (decision.allowed) host_.add(observed_word, 1);
                return !last || (until_denied && decision.allowed);
            };
        };
    }

    static constexpr std::uint64_t rate = 100'000, burst = 1'000'000;
    static constexpr std::uint64_t emission = algorithm::gcra::emission_for(1'000'000'000, rate);

    host host_{16};
    LimiterOptions options_;
    std::uint64_t start_ = 0;
    std::mt19937_64 random_{seed_or(3)};
};

std::string name_of(const testing::TestParamInfo<Algorithm>& info) {
    return std::string{primitives::to_string(info.param)};
}
INSTANTIATE_TEST_SUITE_P(, OneKey,
                         testing::Values(Algorithm::gcra, Algorithm::token_bucket, Algorithm::leaky_bucket,
                                         Algorithm::sliding_window, Algorithm::fixed_window),
                         name_of);

// Fails if two processes spend the same unit, or one is lost between them.
TEST_P(OneKey, TheTotalIsExactlyWhatTheFormulaAllows) {
    make(100'000);
    fleet workers{host_, stop_word, processes, threads, spending(true)};
    std::this_thread::sleep_for(400ms);
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
    constexpr std::uint64_t kills = 20;
    for (std::uint64_t i = 0; i < kills; ++i) {
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
    for (int i = 0; i < 40; ++i) {
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
    constexpr std::uint64_t changes = 80;
    make(100'000);
    const LimiterOptions largest = options_;
    fleet workers{host_, stop_word, processes, threads, spending(true)};
    for (std::uint64_t i = 1; i <= changes; ++i) {
        std::this_thread::sleep_for(2ms);
        LimiterOptions next = largest;
        if (is_bucket())
            next.burst = burst - random_() % 1000;
        else
            next.limit = i % 3 == 0 ? 1 + random_() % 100 : largest.limit / changes * i;
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
