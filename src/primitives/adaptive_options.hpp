// The options of adaptive limits: how they are written, and which are accepted.
#pragma once

#include <vector>

#include <seki/adaptive.hpp>

#include "primitives/option.hpp"

namespace seki::primitives {

[[nodiscard]] option_table<AdaptiveOptions> adaptive_option_table() noexcept;

// Everything that is wrong.
[[nodiscard]] std::vector<option_mistake> mistakes(const AdaptiveOptions& options);

}  // namespace seki::primitives
