// SEKI_BENCH_BRIEFLY=1: every bench does everything once and in small, to show that it still runs. What it prints then means nothing, and
// misses no bar.
#pragma once

#include <cstdlib>

namespace seki::bench {

[[nodiscard]] inline bool briefly() noexcept { return std::getenv("SEKI_BENCH_BRIEFLY") != nullptr; }

// `much`, or as little as shows something.
template <class T>
[[nodiscard]] T unless_briefly(T much, T little) noexcept {
    return briefly() ? little : much;
}

}  // namespace seki::bench
