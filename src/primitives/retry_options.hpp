// The options of retries: how they are written, and which are accepted.
#pragma once

#include <vector>

#include <seki/retry.hpp>

#include "primitives/option.hpp"

namespace seki::primitives {

[[nodiscard]] option_table<RetryOptions> retry_option_table() noexcept;

// Everything that is wrong.
[[nodiscard]] std::vector<option_mistake> mistakes(const RetryOptions& options);

}  // namespace seki::primitives
