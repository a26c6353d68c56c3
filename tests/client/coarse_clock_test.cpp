// By the coarse clock, which is behind, who waits as told is let through all the same.
#include <ctime>

#include "client_fixture.hpp"
#include "primitives/clock.hpp"

namespace seki::test {
namespace {

// Not before it is that time, nor while the coarse clock is further behind than it may be: a machine that is given no time misses ticks.
void sleep_until(std::uint64_t time) {
    const timespec until{.tv_sec = static_cast<std::time_t>(time / 1'000'000'000),
                         .tv_nsec = static_cast<long>(time % 1'000'000'000)};
    while (primitives::read_clock(Clock::precise) < time ||
           primitives::read_clock(Clock::coarse) + primitives::coarse_lag() < time)
        ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

// Fails if `retry_after` is the time by the coarse clock, and so now and then too short.
TEST_F(ClientTest, WhoWaitsAsToldByTheCoarseClockIsLetThrough) {
    const Segment segment = opened();
    for (const Algorithm algorithm : every_algorithm) {
        const Limiter limiter = must(segment.limiter(
            "it", {.algorithm = algorithm, .limit = 1, .window = 10ms, .max_keys = 16, .clock = Clock::coarse}));
        for (int denials = 0; denials < 25;) {
            const Decision decision = limiter.check("alice");
            const std::uint64_t told = primitives::read_clock(Clock::precise);
            if (decision.allowed) continue;
            ++denials;
            sleep_until(told + static_cast<std::uint64_t>(decision.retry_after.count()));
            ASSERT_TRUE(limiter.peek("alice").allowed) << static_cast<int>(algorithm) << ", denial " << denials;
        }
        ASSERT_TRUE(segment.remove_limiter("it"));
    }
}

// Fails if who waits in acquire() is sent away, or sleeps, by as much longer as he is told who is to come again only once.
TEST_F(ClientTest, WhoWaitsByTheCoarseClockNeedsNoMoreThanATickForIt) {
    const Segment segment = opened();
    const std::chrono::nanoseconds lag{primitives::coarse_lag()};
    for (const Algorithm algorithm : every_algorithm) {
        const Limiter limiter = must(segment.limiter(
            "it", {.algorithm = algorithm, .limit = 1, .window = lag / 8, .max_keys = 16, .clock = Clock::coarse}));
        // The law's time and a tick, and some more. A machine that is given no time misses ticks, and this one by this: now and then.
        int waited = 0;
        for (int i = 0; i < 200 && waited == 0; ++i) {
            (void)limiter.check("alice");
            if (limiter.peek("alice").allowed) continue;
            waited += limiter.acquire("alice", lag * 7 / 8).allowed ? 1 : 0;
        }
        EXPECT_GT(waited, 0) << static_cast<int>(algorithm);
        // Who is sent away at once is told as by check().
        (void)limiter.check("alice");
        const Decision sent_away = limiter.acquire("alice", 0ns);
        if (!sent_away.allowed) {
            EXPECT_GT(sent_away.retry_after, lag) << static_cast<int>(algorithm);
        }
        ASSERT_TRUE(segment.remove_limiter("it"));
    }
}

}  // namespace
}  // namespace seki::test
