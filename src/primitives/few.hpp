// A list of names for a sentence, which stays one however many there are.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace seki::primitives {

// "login, search and 12 more", where there are more than `most`.
[[nodiscard]] std::string few(std::span<const std::string_view> names, std::size_t most);

}  // namespace seki::primitives
