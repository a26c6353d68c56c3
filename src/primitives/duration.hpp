// Durations as people write them: "250ms", "30s", "1h30m". Units are d, h, m, s, ms, us and ns, in falling order.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <seki/error.hpp>

namespace seki::primitives {

// The shortest text that parse_duration() turns back into exactly this duration: "1m", "90m", "1d1ns", "0s", "-5s".
[[nodiscard]] std::string format_duration(std::chrono::nanoseconds duration);

// Never negative. The message of an error starts with the text and says what is wrong with it: `"30" has no unit: ...`.
[[nodiscard]] Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

}  // namespace seki::primitives
