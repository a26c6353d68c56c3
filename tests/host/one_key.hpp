// One key that a fleet spends, and how to tell what it spent: by what the spenders saw, by the counters, and by the state of the key.
#pragma once

#include <cstdlib>
#include <random>
#include <string>

#include "algorithm/gcra.hpp"
#include "fleet.hpp"
#include "primitives/clock.hpp"
#include "support/seed.hpp"

namespace seki::test {

inline constexpr int processes = 4, threads = 2;
inline constexpr std::size_t observed_word = 0, stop_word = 64;  // each in a cache line of its own
inline constexpr std::string_view key = "the one";

// True until the span of a test is over.
class running {
public:
    explicit operator bool() const { return std::chrono::steady_clock::now() < end_; }

private:
    std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::now() + span_of_a_test();
};

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

inline std::string name_of(const testing::TestParamInfo<Algorithm>& info) {
    return std::string{primitives::to_string(info.param)};
}
inline const auto every_algorithm = testing::Values(Algorithm::gcra, Algorithm::token_bucket, Algorithm::leaky_bucket,
                                                    Algorithm::sliding_window, Algorithm::fixed_window);

}  // namespace seki::test
