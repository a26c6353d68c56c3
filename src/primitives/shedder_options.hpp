// The options of shedders: how they are written, and which are accepted.
#pragma once

#include <vector>

#include <seki/shedder.hpp>

#include "primitives/option.hpp"

namespace seki::primitives {

[[nodiscard]] option_table<ShedderOptions> shedder_option_table() noexcept;

// Everything that is wrong.
[[nodiscard]] std::vector<option_mistake> mistakes(const ShedderOptions& options);

}  // namespace seki::primitives
