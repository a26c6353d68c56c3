// The options of limiters: how they are written, and which are accepted together.
#pragma once

#include <string_view>
#include <vector>

#include <seki/error.hpp>
#include <seki/limiter.hpp>

#include "primitives/limiter_terms.hpp"
#include "primitives/option.hpp"

namespace seki::primitives {

[[nodiscard]] option_table<LimiterOptions> limiter_option_table() noexcept;

// Everything that is wrong. Options that contradict each other are reported only when each is in its range.
[[nodiscard]] std::vector<option_mistake> mistakes(const LimiterOptions& options);

// The state words of a sliding window were divided when it was created; other limits and windows must fit that division. `count_bits` is that
// of its terms.
[[nodiscard]] Result<void> check_count_bits(std::string_view name, const LimiterOptions& wanted, unsigned count_bits);

}  // namespace seki::primitives
