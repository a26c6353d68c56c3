// The terms of a breaker: its options as a directory entry keeps them. compile() makes them from options that validate() accepted; unpack() makes
// them from what a segment holds, where another process may have scribbled: whatever it finds, the law of algorithm/breaker.hpp can work
// with what it answers.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#include <seki/breaker.hpp>

#include "algorithm/breaker.hpp"
#include "layout/breaker.hpp"
#include "shm/directory.hpp"

namespace seki::primitives {

namespace breaker_law = algorithm::breaker;

inline constexpr std::uint64_t breaker_shortest_ns = breaker_law::millisecond;  // of everything that lasts, but windows

struct breaker_terms {
    breaker_law::terms law{};
    BreakerMode mode = BreakerMode::automatic;
    friend bool operator==(const breaker_terms&, const breaker_terms&) = default;
};

// The state that a mode asks for.
[[nodiscard]] constexpr breaker_law::state state_for(BreakerMode mode) noexcept {
    switch (mode) {
        case BreakerMode::forced_open: return breaker_law::state::forced_open;
        case BreakerMode::forced_closed: return breaker_law::state::forced_closed;
        case BreakerMode::observe: return breaker_law::state::observe;
        case BreakerMode::automatic: break;
    }
    return breaker_law::state::closed;
}

// Whether outcomes that were counted for the one mean nothing to the other.
[[nodiscard]] constexpr bool counts_otherwise(const breaker_law::terms& was, const breaker_law::terms& is) noexcept {
    return was.window_type != is.window_type ||
           (is.window_type == breaker_law::window_type::time && was.window != is.window);
}

// Of options that validate() accepted; others give terms that are safe and useless.
[[nodiscard]] breaker_terms compile(const BreakerOptions& options) noexcept;
[[nodiscard]] BreakerOptions to_options(const breaker_terms& terms) noexcept;

[[nodiscard]] shm::wide_terms pack(const breaker_terms& terms) noexcept;

// Those that the outcome of a call needs, of the first line. `value(which)` reads one.
template <class Read>
[[nodiscard, gnu::always_inline]] constexpr breaker_law::terms judging_terms(Read value) noexcept {
    using breaker_law::max_duration;
    breaker_law::terms law;
    law.window_type =
        value(layout::breaker_window_type) == 1 ? breaker_law::window_type::time : breaker_law::window_type::count;
    const bool counts_calls = law.window_type == breaker_law::window_type::count;
    law.window =
        std::clamp<std::uint64_t>(value(layout::breaker_window), counts_calls ? 1 : breaker_law::min_window_duration,
                                  counts_calls ? breaker_law::max_window_calls : breaker_law::max_window_duration);
    law.minimum_calls =
        std::clamp<std::uint64_t>(value(layout::breaker_minimum_calls), 1, breaker_law::max_window_calls);
    law.failure_threshold = std::clamp<std::uint64_t>(value(layout::breaker_failure_threshold), 1, 100);
    law.slow_call_threshold = std::clamp<std::uint64_t>(value(layout::breaker_slow_call_threshold), 1, 100);
    law.slow_call_duration = std::clamp(value(layout::breaker_slow_call_duration), breaker_shortest_ns, max_duration);
    return law;
}

// Those that a caller needs while calls are refused, of the second. The others are as in `law`.
template <class Read>
[[nodiscard, gnu::always_inline]] constexpr breaker_law::terms waiting_terms(Read value,
                                                                             breaker_law::terms law = {}) noexcept {
    using breaker_law::max_duration;
    law.wait_duration = std::clamp(value(layout::breaker_wait_duration), breaker_shortest_ns, max_duration);
    law.wait_multiplier =
        std::clamp<std::uint64_t>(value(layout::breaker_wait_multiplier), 100, breaker_law::max_wait_multiplier);
    law.wait_duration_max = std::clamp(value(layout::breaker_wait_duration_max), breaker_shortest_ns, max_duration);
    law.half_open_requests =
        std::clamp<std::uint64_t>(value(layout::breaker_half_open_requests), 1, breaker_law::max_half_open_requests);
    law.max_half_open_duration =
        std::clamp(value(layout::breaker_max_half_open_duration), breaker_shortest_ns, max_duration);
    return law;
}

[[nodiscard]] constexpr breaker_terms unpack_breaker(const shm::wide_terms& values) noexcept {
    const auto value = [&](std::size_t which) { return values[which]; };
    breaker_terms terms{.law = waiting_terms(value, judging_terms(value))};
    terms.mode = static_cast<BreakerMode>(
        std::min<std::uint64_t>(values[layout::breaker_mode], static_cast<std::uint64_t>(BreakerMode::observe)));
    return terms;
}

}  // namespace seki::primitives
