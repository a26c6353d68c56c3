// The options of hedges: how they are written, and which are accepted.
#pragma once

#include <vector>

#include <seki/hedge.hpp>

#include "primitives/option.hpp"

namespace seki::primitives {

[[nodiscard]] option_table<HedgeOptions> hedge_option_table() noexcept;

// Everything that is wrong.
[[nodiscard]] std::vector<option_mistake> mistakes(const HedgeOptions& options);

}  // namespace seki::primitives
