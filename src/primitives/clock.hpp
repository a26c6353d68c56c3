// The two clocks a limiter may read. Both are CLOCK_MONOTONIC, which is one clock for all processes of a host.
#pragma once

#include <ctime>

#include <cstdint>

#include <seki/limiter.hpp>

#include "algorithm/outcome.hpp"

namespace seki::primitives {

// Nanoseconds. A vDSO call, no system call.
[[nodiscard]] inline std::uint64_t read_clock(Clock which) noexcept {
    timespec time;  // not zeroed first: clock_gettime() does not fail for these clocks
    clock_gettime(which == Clock::precise ? CLOCK_MONOTONIC : CLOCK_MONOTONIC_COARSE, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(time.tv_nsec);
}

// By how much the coarse one is behind at most: it stands still from one tick of the kernel to the next, and comes to a whole number of ticks, so that
// of the time of the latest tick up to another may be missing.
// Asked anew each time, which takes some nanoseconds: what is kept in a static is out of reach for the child of a fork in the moment when it is made.
[[nodiscard, gnu::noinline]] inline std::uint64_t coarse_lag() noexcept {
    timespec tick;  // it does not fail for this clock either
    clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
    return 2 * (static_cast<std::uint64_t>(tick.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(tick.tv_nsec));
}

// How long to wait by the precise clock for what comes in `span` of that one.
[[nodiscard]] inline std::uint64_t wait_for(std::uint64_t span, Clock which) noexcept {
    if (which == Clock::precise) [[likely]]
        return span;
    return span != 0 && span != algorithm::never ? span + coarse_lag() : span;
}

// Milliseconds of the precise one.
[[nodiscard]] inline std::uint64_t clock_ms() noexcept { return read_clock(Clock::precise) / 1'000'000U; }

}  // namespace seki::primitives
