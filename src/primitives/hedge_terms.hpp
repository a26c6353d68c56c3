// The terms of a hedge: its options as a directory entry keeps them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#include <seki/hedge.hpp>

#include "layout/hedge.hpp"
#include "primitives/retry_terms.hpp"
#include "shm/directory.hpp"

namespace seki::primitives {

inline constexpr std::uint64_t most_extra = 10;
inline constexpr std::uint64_t most_percentile = 999;  // thousandths
inline constexpr std::chrono::nanoseconds longest_hedge_delay = std::chrono::hours{1};

// What a call goes by.
struct hedge_terms {
    std::uint64_t max_extra = 0;
    std::uint64_t delay_ns = 0;
    std::uint64_t percentile = 0;  // thousandths; 0: the delay is fixed
    std::uint64_t min_delay_ns = 0;
    retry_law::terms budget{};
};

// Rounded as print_fraction() does, so that options are the same again when they are read back. Not a number gives none.
[[nodiscard]] inline std::uint64_t tenths(double percent) noexcept {
    return percent > 0 ? static_cast<std::uint64_t>(std::lround(std::min(percent, 1e6) * 10)) : 0;
}

[[nodiscard]] inline shm::terms pack(const HedgeOptions& options) noexcept {
    const auto count_of = [](std::chrono::nanoseconds span) {
        return static_cast<std::uint64_t>(std::max(span, std::chrono::nanoseconds{0}).count());
    };
    shm::terms values{};
    values[layout::hedge_max_extra] = options.max_extra;
    values[layout::hedge_delay] = count_of(options.delay);
    values[layout::hedge_percentile] = tenths(options.percentile);
    values[layout::hedge_min_delay] = count_of(options.min_delay);
    values[layout::hedge_ratio] = thousandths(options.ratio);
    values[layout::hedge_min_per_second] = options.min_per_second;
    return values;
}

// Whatever stands in the segment, terms that can be used.
[[nodiscard]] constexpr hedge_terms unpack_hedge(const shm::terms& values) noexcept {
    constexpr auto longest = static_cast<std::uint64_t>(longest_hedge_delay.count());
    return {.max_extra = std::min(values[layout::hedge_max_extra], most_extra),
            .delay_ns = std::min(values[layout::hedge_delay], longest),
            .percentile = std::min(values[layout::hedge_percentile], most_percentile),
            .min_delay_ns = std::min(values[layout::hedge_min_delay], longest),
            .budget = {.ratio = std::min(values[layout::hedge_ratio], retry_law::max_ratio),
                       .min_per_second = std::min(values[layout::hedge_min_per_second], retry_law::max_per_second)}};
}

[[nodiscard]] inline HedgeOptions to_options(const hedge_terms& terms) noexcept {
    const auto span_of = [](std::uint64_t ns) {
        return std::chrono::nanoseconds{static_cast<std::chrono::nanoseconds::rep>(ns)};
    };
    return {.max_extra = terms.max_extra,
            .delay = span_of(terms.delay_ns),
            .percentile = static_cast<double>(terms.percentile) / 10,
            .min_delay = span_of(terms.min_delay_ns),
            .ratio = static_cast<double>(terms.budget.ratio) / double{retry_law::whole},
            .min_per_second = terms.budget.min_per_second};
}

// What is waited before the next attempt where `percentile_ns` is what a share of the calls took of late, or 0 where that is not known.
[[nodiscard]] constexpr std::uint64_t delay_of(const hedge_terms& by, std::uint64_t percentile_ns) noexcept {
    constexpr auto longest = static_cast<std::uint64_t>(longest_hedge_delay.count());
    if (by.percentile == 0 || percentile_ns == 0) return by.delay_ns;
    return std::clamp(percentile_ns, by.min_delay_ns, longest);
}

}  // namespace seki::primitives
