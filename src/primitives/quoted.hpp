// Text that came from outside, made fit for an error message.
#pragma once

#include <string>
#include <string_view>

namespace seki::primitives {

// In quotes; cut when long; what is not printable UTF-8 is escaped, so that it cannot play tricks on a terminal
// or a log.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace seki::primitives
