// Sleeping, for those who wait without anybody who could wake them.
#pragma once

#include <cerrno>
#include <cstdint>
#include <ctime>

#include "shm/uncancelled.hpp"

namespace seki::client {

// Until that moment of CLOCK_MONOTONIC, whatever signals come. A thread that is cancelled meanwhile ends later: those who call this are noexcept.
inline void sleep_until(std::uint64_t moment_ns) noexcept {
    const shm::uncancelled while_it_sleeps;
    const timespec until{.tv_sec = static_cast<std::time_t>(moment_ns / 1'000'000'000U),
                         .tv_nsec = static_cast<long>(moment_ns % 1'000'000'000U)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
    }
}

}  // namespace seki::client
