// A sentence of somebody else, that quotes what came from outside as it is, made fit for an error message.
#pragma once

#include <string>
#include <string_view>

namespace seki::primitives {

// As quoted() has it (primitives/quoted.hpp), but whole, without quotes of its own, and with those that are there as they are.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace seki::primitives
