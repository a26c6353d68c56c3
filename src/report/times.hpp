// Times from a segment, where anybody may have written them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace seki::report {

// How long ago that was. A time to come, which only a scribbler writes, is now.
[[nodiscard]] constexpr std::chrono::nanoseconds since(std::uint64_t then, std::uint64_t now) noexcept {
    return std::chrono::nanoseconds{static_cast<std::chrono::nanoseconds::rep>(now > then ? now - then : 0)};
}

// Times that no clock shows are cut to what can be held.
[[nodiscard]] constexpr std::chrono::sys_time<std::chrono::nanoseconds> unix_time(std::uint64_t ns) noexcept {
    using std::chrono::nanoseconds;
    return std::chrono::sys_time<nanoseconds>{
        nanoseconds{static_cast<nanoseconds::rep>(std::min<std::uint64_t>(ns, nanoseconds::max().count()))}};
}

}  // namespace seki::report
