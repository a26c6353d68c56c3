// Which options and names of limiters are accepted, and what to say about the others.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <seki/error.hpp>
#include <seki/limiter.hpp>

#include "primitives/limiter_terms.hpp"

namespace seki::primitives {

inline constexpr std::size_t max_name_length = 63;

// `kind` is "limiter", or whatever else has such a name.
[[nodiscard]] Result<void> check_name(std::string_view kind, std::string_view name);

struct option_mistake {
    std::string_view option;  // the one to change
    std::string message;      // "limit 0 is too small: 1 to 10000000 per window"
};

// Everything that is wrong. Options that contradict each other are reported only when each is in its range.
[[nodiscard]] std::vector<option_mistake> mistakes(const LimiterOptions& options);

// The first of the mistakes, or of the name's. `name` may be any text.
[[nodiscard]] Result<void> validate(std::string_view name, const LimiterOptions& options);

// Whether the limiter `name` can go from `existing` to `wanted` while it lives. `count_bits` is that of its terms.
[[nodiscard]] Result<void> validate_change(std::string_view name, const LimiterOptions& existing,
                                           const LimiterOptions& wanted, unsigned count_bits);

// "limit is 5, not 10; window is 1m, not 1h", or empty when a limiter with the one is a limiter with the other.
[[nodiscard]] std::string describe_difference(const LimiterOptions& existing, const LimiterOptions& wanted);

}  // namespace seki::primitives
