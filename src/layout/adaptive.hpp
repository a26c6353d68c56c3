// What an adaptive limit has beside the permits of a bulkhead (layout/bulkhead.hpp: the same shape, counters and first terms): the window of calls that
// is under way, and the limit. shm/adaptive_window.hpp is their protocol. All zeros has seen no call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "layout/bulkhead.hpp"
#include "layout/word.hpp"

namespace seki::layout {

// max_limit stands where a bulkhead has max_concurrent; then max_waiting and max_wait.
enum adaptive_term : std::size_t {
    adaptive_max_limit = bulkhead_max_concurrent,
    adaptive_percents = 3,  // {law:8 | backoff_ratio:16 | tolerance:16 | smoothing:16}
    adaptive_min_limit = 4,
    adaptive_initial_limit = 5,
    adaptive_window_size = 6,
    adaptive_timeout = 7,        // ns
    adaptive_probe_interval = 8  // ns
};
static_assert(adaptive_timeout < terms_in_line, "what each release reads");

// The first word of the window: {number:15 | measuring:1 | target:16 | calls:16 | drops:16}; the second: the latencies of the calls that were not
// dropped, ns, together. `calls` counts both. With as many as the target says the window ends.
struct adaptive_window {
    std::uint64_t number = 0;
    bool measuring = false;  // of a probe: it may end earlier
    std::uint64_t target = 0;
    std::uint64_t calls = 0;
    std::uint64_t drops = 0;
    friend bool operator==(const adaptive_window&, const adaptive_window&) = default;
};
inline constexpr std::uint64_t greatest_target = 0xffff;
constexpr std::uint64_t pack(const adaptive_window& w) noexcept {
    return (w.number & 0x7fff) << 49 | std::uint64_t{w.measuring} << 48 | (w.target & 0xffff) << 32 |
           (w.calls & 0xffff) << 16 | (w.drops & 0xffff);
}
constexpr adaptive_window unpack_adaptive_window(std::uint64_t word) noexcept {
    return {word >> 49, (word >> 48 & 1) != 0, word >> 32 & 0xffff, word >> 16 & 0xffff, word & 0xffff};
}

// On two lines: each release writes the window, few write the limit.
struct adaptive_block {
    alignas(cache_line) pair window;
    alignas(cache_line) pair limit;  // algorithm/adaptive_limit.hpp
};

static_assert(sizeof(adaptive_block) == 2 * cache_line && offsetof(adaptive_block, limit) == cache_line);
static_assert(unpack_adaptive_window(pack(adaptive_window{0x7fff, true, 0xffff, 0xfffe, 0xfffd})) ==
              adaptive_window{0x7fff, true, 0xffff, 0xfffe, 0xfffd});

}  // namespace seki::layout
