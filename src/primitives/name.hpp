// Which names primitives may have.
#pragma once

#include <cstddef>
#include <string_view>

#include <seki/error.hpp>

namespace seki::primitives {

inline constexpr std::size_t max_name_length = 63;

// `kind` is "limiter", or whatever else has such a name.
[[nodiscard]] Result<void> check_name(std::string_view kind, std::string_view name);

}  // namespace seki::primitives
