// The options of bulkheads: how they are written, and which are accepted.
#pragma once

#include <string_view>
#include <vector>

#include <seki/bulkhead.hpp>

#include "primitives/option.hpp"
#include "shm/shape.hpp"

namespace seki::primitives {

[[nodiscard]] option_table<BulkheadOptions> bulkhead_option_table() noexcept;

// Everything that is wrong.
[[nodiscard]] std::vector<option_mistake> mistakes(const BulkheadOptions& options);

// What was made room for at its creation bounds it for good.
[[nodiscard]] Result<void> check_room(std::string_view name, const BulkheadOptions& wanted,
                                      const shm::bulkhead_shape& room);
// The same for one option of a kind that has permits.
[[nodiscard]] Result<void> check_room(layout::kind kind, std::string_view name, std::string_view option,
                                      std::uint64_t wanted, std::uint64_t room);

}  // namespace seki::primitives
