// The terms of a retry: its options as a directory entry keeps them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#include <seki/retry.hpp>

#include "algorithm/backoff.hpp"
#include "algorithm/retry_budget.hpp"
#include "layout/retry.hpp"
#include "shm/directory.hpp"

namespace seki::primitives {

namespace retry_law = algorithm::retry_budget;

inline constexpr std::uint64_t most_attempts = 100;
inline constexpr std::chrono::nanoseconds longest_delay = std::chrono::hours{24};

// What a call goes by.
struct retry_terms {
    std::uint64_t max_attempts = 1;
    algorithm::backoff::terms backoff{};
    retry_law::terms budget{};
};

[[nodiscard]] inline std::uint64_t thousandths(double ratio) noexcept {
    // Not a number is none of these, and gives none.
    return ratio > 0 ? static_cast<std::uint64_t>(std::lround(std::min(ratio, 1e6) * retry_law::whole)) : 0;
}

[[nodiscard]] inline shm::terms pack(const RetryOptions& options) noexcept {
    const auto count_of = [](std::chrono::nanoseconds span) {
        return static_cast<std::uint64_t>(std::max(span, std::chrono::nanoseconds{0}).count());
    };
    shm::terms values{};
    values[layout::retry_modes] =
        static_cast<std::uint64_t>(options.backoff) | static_cast<std::uint64_t>(options.jitter) << 8;
    values[layout::retry_max_attempts] = options.max_attempts;
    values[layout::retry_base_delay] = count_of(options.base_delay);
    values[layout::retry_max_delay] = count_of(options.max_delay);
    values[layout::retry_ratio] = thousandths(options.ratio);
    values[layout::retry_min_per_second] = options.min_per_second;
    return values;
}

// Whatever stands in the segment, terms that can be used.
[[nodiscard]] constexpr retry_terms unpack_retry(const shm::terms& values) noexcept {
    using namespace algorithm::backoff;
    constexpr auto longest = static_cast<std::uint64_t>(longest_delay.count());
    const std::uint64_t modes = values[layout::retry_modes];
    const std::uint64_t max = std::min(values[layout::retry_max_delay], longest);
    return {.max_attempts = std::clamp<std::uint64_t>(values[layout::retry_max_attempts], 1, most_attempts),
            .backoff = {.growth = static_cast<growth>(std::min<std::uint64_t>(modes & 0xff, 2)),
                        .jitter = static_cast<jitter>(std::min<std::uint64_t>(modes >> 8 & 0xff, 3)),
                        .base = std::min(values[layout::retry_base_delay], max),
                        .max = max},
            .budget = {.ratio = std::min(values[layout::retry_ratio], retry_law::max_ratio),
                       .min_per_second = std::min(values[layout::retry_min_per_second], retry_law::max_per_second)}};
}

[[nodiscard]] inline RetryOptions to_options(const retry_terms& terms) noexcept {
    const auto span_of = [](std::uint64_t ns) {
        return std::chrono::nanoseconds{static_cast<std::chrono::nanoseconds::rep>(ns)};
    };
    return {.max_attempts = terms.max_attempts,
            .backoff = static_cast<Backoff>(terms.backoff.growth),
            .jitter = static_cast<Jitter>(terms.backoff.jitter),
            .base_delay = span_of(terms.backoff.base),
            .max_delay = span_of(terms.backoff.max),
            .ratio = static_cast<double>(terms.budget.ratio) / double{retry_law::whole},
            .min_per_second = terms.budget.min_per_second};
}

static_assert(static_cast<int>(Backoff::exponential) == static_cast<int>(algorithm::backoff::growth::exponential));
static_assert(static_cast<int>(Jitter::full) == static_cast<int>(algorithm::backoff::jitter::full));
static_assert(static_cast<int>(Jitter::decorrelated) == static_cast<int>(algorithm::backoff::jitter::decorrelated));
static_assert(retry_law::max_left == layout::max_budget_left);

}  // namespace seki::primitives
