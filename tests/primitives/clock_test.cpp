// The clocks are those that they are said to be.
#include "primitives/clock.hpp"

#include <time.h>

#include <gtest/gtest.h>

namespace seki::primitives {
namespace {

std::uint64_t kernel_says(clockid_t which) {
    timespec time{};
    clock_gettime(which, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

// Fails if a clock is read as another, or in other units.
TEST(Clocks, AreThoseOfTheKernel) {
    for (const auto& [which, as] :
         {std::pair{Clock::precise, CLOCK_MONOTONIC}, {Clock::coarse, CLOCK_MONOTONIC_COARSE}}) {
        const std::uint64_t before = kernel_says(as), read = read_clock(which), after = kernel_says(as);
        EXPECT_GE(read, before);
        EXPECT_LE(read, after);
    }
    const std::uint64_t before = kernel_says(CLOCK_MONOTONIC) / 1'000'000, read = clock_ms();
    EXPECT_GE(read, before);
    EXPECT_LE(read, kernel_says(CLOCK_MONOTONIC) / 1'000'000);
}

// Fails if who waits by the coarse clock waits less than two of its ticks more, or longer for nothing or for ever.
TEST(Clocks, TheCoarseOneIsTwoTicksBehindAtMost) {
    timespec tick{};
    clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
    const auto two = 2 * static_cast<std::uint64_t>(tick.tv_nsec);
    EXPECT_EQ(wait_for(5, Clock::coarse), 5 + two);
    EXPECT_EQ(wait_for(1, Clock::coarse), 1 + two);
    EXPECT_EQ(wait_for(0, Clock::coarse), 0U);
    EXPECT_EQ(wait_for(algorithm::never, Clock::coarse), algorithm::never);
    EXPECT_EQ(wait_for(5, Clock::precise), 5U);
    EXPECT_EQ(wait_for(0, Clock::precise), 0U);
}

}  // namespace
}  // namespace seki::primitives
