// What a line of a configuration was meant to say that is no TOML: a number beyond 64 bits, a word without its quotes. toml++ tells neither the key nor what
// would be accepted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/report.hpp"

namespace seki::config {

struct bare_value {
    place where;          // of the value
    std::string message;  // `limiter "login": mode off is not text in quotes: enforce, shadow or off`
};

// Of a line `KEY = VALUE` in a section that is known, with a key that is, and a value without quotes or brackets. Nothing of any other.
[[nodiscard]] std::optional<bare_value> judge_bare_value(std::string_view text, std::uint32_t line);

}  // namespace seki::config
