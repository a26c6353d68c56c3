// Windows that end, and windows that change their length, while a fleet spends one key: what is admitted in each is its limit, to the last unit.
#include "one_key.hpp"

namespace seki::test {
namespace {

class OneKeyOfWindows : public OneKey {
protected:
    [[nodiscard]] static LimiterOptions windows_of(std::chrono::nanoseconds window, std::uint64_t limit) {
        return {.algorithm = GetParam(), .limit = limit, .window = window, .max_keys = 64};
    }
};
INSTANTIATE_TEST_SUITE_P(, OneKeyOfWindows, testing::Values(Algorithm::sliding_window, Algorithm::fixed_window),
                         name_of);

constexpr std::uint64_t window_ns = 10'000'000;
constexpr std::uint64_t nowhere = ~std::uint64_t{0};

// The window whose end is `until_end` from some moment of the call; nowhere, if the call took so long that there are two.
std::uint64_t window_that_ends(std::uint64_t before, std::uint64_t after, std::chrono::nanoseconds until_end) {
    const auto left = static_cast<std::uint64_t>(until_end.count());
    const std::uint64_t first = (before + left + window_ns - 1) / window_ns;
    const std::uint64_t last = (after + left) / window_ns;
    return first == last ? first - 1 : nowhere;
}

// Fails if a window admits one more than its limit while everybody comes from the one before it, or leaves one unspent that somebody was denied.
TEST_P(OneKeyOfWindows, EachWindowAdmitsItsLimitToTheLastUnit) {
    constexpr std::uint64_t limit = 500;
    constexpr std::size_t unknown = 128, table = 256, windows = (host::words - table) / 2;
    options_ = windows_of(std::chrono::nanoseconds{window_ns}, limit);
    (void)must(host_.segment().limiter("it", options_));
    const std::uint64_t origin = primitives::read_clock(Clock::precise) / window_ns;
    const bool sliding = GetParam() == Algorithm::sliding_window;
    // Of a fixed window, a denial too says which it was made in. A sliding one counts for two windows from its start.
    const auto spend = [&](const Segment& segment, std::size_t) -> fleet::step {
        return [&, limiter = must(segment.limiter("it"))](bool last) {
            const std::uint64_t before = primitives::read_clock(Clock::precise);
            const Decision decision = limiter.check(key);
            const std::uint64_t after = primitives::read_clock(Clock::precise);
            if (decision.error != Errc::none) std::abort();
            if (!decision.allowed && sliding) return !last;
            std::chrono::nanoseconds left = decision.allowed ? decision.reset_after : decision.retry_after;
            if (sliding) left -= std::chrono::nanoseconds{window_ns};
            const std::uint64_t window = window_that_ends(before, after, left) - origin;
            if (window < windows)
                host_.add(table + 2 * window + (decision.allowed ? 0 : 1), 1);
            else if (decision.allowed)
                host_.add(unknown, 1);
            if (decision.allowed) host_.add(observed_word, 1);
            return !last;
        };
    };
    fleet workers{host_, stop_word, processes, threads, spend};
    std::this_thread::sleep_for(
        std::min<std::chrono::nanoseconds>(span_of_a_test(), std::chrono::nanoseconds{window_ns * (windows - 20)}));
    ASSERT_TRUE(workers.finish());
    std::uint64_t sum = host_.read(unknown);
    int full = 0;
    for (std::size_t window = 0; window < windows; ++window) {
        const std::uint64_t admitted = host_.read(table + 2 * window);
        sum += admitted;
        ASSERT_LE(admitted, limit) << window;
        if (host_.read(table + 2 * window + 1) == 0) continue;
        ASSERT_GE(admitted + host_.read(unknown), limit) << window;
        ++full;
    }
    EXPECT_EQ(sum, observed());
    EXPECT_EQ(host_.counted()[layout::cost_allow], observed());
    EXPECT_TRUE(sliding || full > 0);
}

// Fails if two windows of different lengths share a count, or one who still goes by the old length spends beside it: each length admits its limit
// once, exactly, from its change on.
TEST_P(OneKeyOfWindows, EachChangeOfTheWindowAdmitsTheLimitOnceMore) {
    constexpr std::uint64_t limit = 1000;
    options_ = windows_of(366 * 24h, limit);
    (void)must(host_.segment().limiter("it", options_));
    fleet workers{host_, stop_word, processes, threads, spending(true)};
    std::uint64_t changes = 0;
    for (const running test; test; ++changes) {
        ASSERT_TRUE(comes([&] { return observed() >= limit * (changes + 1); }));
        ASSERT_EQ(observed(), limit * (changes + 1));
        options_.window = 366 * 24h - std::chrono::seconds{changes % 1000 + 1};
        ASSERT_TRUE(host_.segment().change("it", options_));
    }
    ASSERT_TRUE(workers.finish());
    EXPECT_EQ(observed(), limit * (changes + 1));
    EXPECT_EQ(spent(), limit);
    EXPECT_EQ(counted(), observed());
}

}  // namespace
}  // namespace seki::test
