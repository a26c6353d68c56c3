// Amounts of memory as people write them: "64MiB", "1GiB", "4096".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <seki/error.hpp>

namespace seki::config {

// In the largest unit that divides it: "64MiB", "1537KiB", "4097".
[[nodiscard]] std::string format_size(std::uint64_t bytes);

// Bytes, or KiB, MiB, GiB or TiB. The message of an error starts with the text: `"64MB" is not a size: ...`.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);

}  // namespace seki::config
