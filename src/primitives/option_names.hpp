// The words that configuration files, sekictl and metrics use for the enumerations of include/seki.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>

#include <seki/adaptive.hpp>
#include <seki/breaker.hpp>
#include <seki/limiter.hpp>
#include <seki/retry.hpp>

namespace seki::primitives {

// One word for each enumerator, in the order of their values.
template <class Enum>
struct words_of;

template <>
struct words_of<Algorithm> {
    static constexpr std::array<std::string_view, 5> all{"gcra", "token_bucket", "leaky_bucket", "sliding_window",
                                                         "fixed_window"};
};
template <>
struct words_of<Mode> {
    static constexpr std::array<std::string_view, 3> all{"enforce", "shadow", "off"};
};
template <>
struct words_of<OnFull> {
    static constexpr std::array<std::string_view, 2> all{"allow", "deny"};
};
template <>
struct words_of<Clock> {
    static constexpr std::array<std::string_view, 2> all{"precise", "coarse"};
};
template <>
struct words_of<WindowType> {
    static constexpr std::array<std::string_view, 2> all{"count", "time"};
};
template <>
struct words_of<BreakerMode> {
    static constexpr std::array<std::string_view, 4> all{"auto", "forced_open", "forced_closed", "observe"};
};
template <>
struct words_of<BreakerState> {
    static constexpr std::array<std::string_view, 6> all{"closed",      "open",          "half_open",
                                                         "forced_open", "forced_closed", "observe"};
};
template <>
struct words_of<Outcome> {
    static constexpr std::array<std::string_view, 4> all{"ignored", "ok", "error", "slow"};
};
template <>
struct words_of<Backoff> {
    static constexpr std::array<std::string_view, 3> all{"constant", "linear", "exponential"};
};
template <>
struct words_of<Jitter> {
    static constexpr std::array<std::string_view, 4> all{"none", "full", "equal", "decorrelated"};
};

template <>
struct words_of<AdaptiveLaw> {
    static constexpr std::array<std::string_view, 3> all{"aimd", "gradient", "vegas"};
};

template <class Enum>
concept has_words = std::is_enum_v<Enum> && requires { words_of<Enum>::all; };

// False for a number that a C caller, or a scribbled segment, made into an enumeration.
template <has_words Enum>
constexpr bool is_known(Enum value) noexcept {
    return static_cast<std::size_t>(value) < words_of<Enum>::all.size();
}

template <has_words Enum>
constexpr std::string_view to_string(Enum value) noexcept {
    return is_known(value) ? words_of<Enum>::all[static_cast<std::size_t>(value)] : "unknown";
}

template <has_words Enum>
constexpr std::optional<Enum> from_string(std::string_view word) noexcept {
    for (std::size_t i = 0; i < words_of<Enum>::all.size(); ++i)
        if (words_of<Enum>::all[i] == word) return static_cast<Enum>(i);
    return std::nullopt;
}

static_assert(to_string(Algorithm::fixed_window) == "fixed_window" && to_string(Mode::off) == "off");
static_assert(to_string(OnFull::deny) == "deny" && to_string(Clock::coarse) == "coarse");

}  // namespace seki::primitives
