// Which options of breakers are accepted, and what to say about the others.
#pragma once

#include <vector>

#include <seki/breaker.hpp>
#include <seki/error.hpp>

#include "layout/breaker.hpp"
#include "primitives/option.hpp"

namespace seki::primitives {

[[nodiscard]] option_table<BreakerOptions> breaker_option_table() noexcept;

// Everything that is wrong. Options that contradict each other are reported only when each is in its range.
[[nodiscard]] std::vector<option_mistake> mistakes(const BreakerOptions& options);

// Whether the options fit into what was made room for at the creation of the breaker `name`.
[[nodiscard]] Result<void> check_room(std::string_view name, const BreakerOptions& wanted,
                                      const layout::breaker_geometry& made);

}  // namespace seki::primitives
