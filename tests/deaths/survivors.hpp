// How long those who live on wait for what they want after somebody died. It is printed, and judged by tools/prove; a test that judged it would fail on a machine that is
// busy with something else.
#pragma once

#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <string>

namespace seki::test {

// The worst since they were last taken, in nanoseconds; 0: nobody waited.
struct delays {
    std::uint64_t next_call = 0;  // from its begin to its end
    std::uint64_t come_back = 0;  // from when somebody wanted all that the dead held until he had it
};
inline delays worst_delays;

[[nodiscard]] inline std::uint64_t stopwatch_ns() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

// The call of somebody who lives on. It does not count when the machine took the processor away for somebody else.
template <class Call>
auto next_call(Call call) {
    const auto taken_away = [] {
        rusage used{};
        ::getrusage(RUSAGE_THREAD, &used);
        return used.ru_nivcsw;
    };
    const auto before = taken_away();
    const std::uint64_t begin = stopwatch_ns();
    auto answer = call();
    const std::uint64_t took = stopwatch_ns() - begin;
    if (taken_away() == before) worst_delays.next_call = std::max(worst_delays.next_call, took);
    return answer;
}

inline void came_back_since(std::uint64_t wanted_ns) noexcept {
    worst_delays.come_back = std::max(worst_delays.come_back, stopwatch_ns() - wanted_ns);
}

// What there is to say of them, and from the beginning again.
[[nodiscard]] inline std::string take_delays() {
    const delays worst = worst_delays;
    worst_delays = {};
    std::string said;
    if (worst.next_call > 0)
        said += "; the next call of another took " + std::to_string(worst.next_call / 1000) + " us";
    if (worst.come_back > 0) said += "; all could be had after " + std::to_string(worst.come_back / 1'000) + " us";
    return said;
}

}  // namespace seki::test
