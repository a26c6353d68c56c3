// The terms of an adaptive limit: its options as a directory entry keeps them, and as the law takes them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#include <seki/adaptive.hpp>

#include "algorithm/adaptive_limit.hpp"
#include "layout/adaptive.hpp"
#include "primitives/bulkhead_terms.hpp"
#include "shm/directory.hpp"
#include "shm/shape.hpp"

namespace seki::primitives {

namespace adaptive_law = algorithm::adaptive_limit;

inline constexpr std::chrono::nanoseconds shortest_probe_interval = std::chrono::seconds{1};
inline constexpr std::chrono::nanoseconds longest_probe_interval = std::chrono::hours{24};
inline constexpr std::chrono::nanoseconds longest_timeout{adaptive_law::greatest_latency};

[[nodiscard]] constexpr shm::bulkhead_shape shape_for(const AdaptiveOptions& options) noexcept {
    return {.permits = room_for(options.max_limit), .waiting = room_for(options.max_waiting)};
}

// Hundredths, as they are kept.
[[nodiscard]] inline std::uint64_t percent_of(double part) noexcept {
    return static_cast<std::uint64_t>(std::clamp(std::round(part * 100), 0.0, 65'535.0));
}

[[nodiscard]] inline shm::wide_terms pack(const AdaptiveOptions& options) noexcept {
    const auto ns = [](std::chrono::nanoseconds span) { return static_cast<std::uint64_t>(span.count()); };
    shm::wide_terms values{};
    values[layout::adaptive_max_limit] = options.max_limit;
    values[layout::bulkhead_max_waiting] = options.max_waiting;
    values[layout::bulkhead_max_wait] = ns(options.max_wait);
    values[layout::adaptive_percents] = static_cast<std::uint64_t>(options.algorithm) << 48 |
                                        percent_of(options.backoff_ratio) << 32 | percent_of(options.tolerance) << 16 |
                                        percent_of(options.smoothing);
    values[layout::adaptive_min_limit] = options.min_limit;
    values[layout::adaptive_initial_limit] = options.initial_limit;
    values[layout::adaptive_window_size] = options.window;
    values[layout::adaptive_timeout] = ns(options.timeout);
    values[layout::adaptive_probe_interval] = ns(options.probe_interval);
    return values;
}

// Whatever stands in the segment, terms that its tables can have.
[[nodiscard]] constexpr adaptive_law::terms unpack_adaptive_law(const shm::wide_terms& values,
                                                                const shm::bulkhead_shape& of) noexcept {
    const std::uint64_t room = std::max<std::uint64_t>(std::min(of.permits, adaptive_law::greatest_limit), 1);
    const std::uint64_t most = std::clamp<std::uint64_t>(values[layout::adaptive_max_limit], 1, room);
    const std::uint64_t least = std::clamp<std::uint64_t>(values[layout::adaptive_min_limit], 1, most);
    const std::uint64_t percents = values[layout::adaptive_percents];
    return {.law = static_cast<adaptive_law::law>(std::min<std::uint64_t>(percents >> 48 & 0xff, 2)),
            .min_limit = least,
            .max_limit = most,
            .initial_limit = std::clamp(values[layout::adaptive_initial_limit], least, most),
            .backoff_ratio = percents >> 32 & 0xffff,
            .tolerance = percents >> 16 & 0xffff,
            .smoothing = percents & 0xffff,
            .window = std::clamp<std::uint64_t>(values[layout::adaptive_window_size], 1, adaptive_law::greatest_window),
            .timeout = std::min(values[layout::adaptive_timeout], static_cast<std::uint64_t>(longest_timeout.count())),
            .probe_interval = std::min(values[layout::adaptive_probe_interval],
                                       static_cast<std::uint64_t>(longest_probe_interval.count()))};
}

[[nodiscard]] inline AdaptiveOptions to_options(const adaptive_law::terms& law, const BulkheadOptions& waits) noexcept {
    const auto span = [](std::uint64_t ns) { return std::chrono::nanoseconds{static_cast<std::int64_t>(ns)}; };
    const auto part = [](std::uint64_t percent) { return static_cast<double>(percent) / 100; };
    return {.algorithm = static_cast<AdaptiveLaw>(law.law),
            .min_limit = law.min_limit,
            .max_limit = law.max_limit,
            .initial_limit = law.initial_limit,
            .backoff_ratio = part(law.backoff_ratio),
            .tolerance = part(law.tolerance),
            .smoothing = part(law.smoothing),
            .window = law.window,
            .timeout = span(law.timeout),
            .probe_interval = span(law.probe_interval),
            .max_wait = waits.max_wait,
            .max_waiting = waits.max_waiting};
}

}  // namespace seki::primitives
