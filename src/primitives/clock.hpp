// The two clocks a limiter may read. Both are CLOCK_MONOTONIC, which is one clock for all processes of a host.
#pragma once

#include <ctime>

#include <cstdint>

#include <seki/limiter.hpp>

namespace seki::primitives {

// Nanoseconds. A vDSO call, no system call.
[[nodiscard]] inline std::uint64_t read_clock(Clock which) noexcept {
    timespec time;  // not zeroed first: clock_gettime() does not fail for these clocks
    clock_gettime(which == Clock::precise ? CLOCK_MONOTONIC : CLOCK_MONOTONIC_COARSE, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(time.tv_nsec);
}

// Milliseconds of the precise one.
[[nodiscard]] inline std::uint64_t clock_ms() noexcept { return read_clock(Clock::precise) / 1'000'000U; }

}  // namespace seki::primitives
