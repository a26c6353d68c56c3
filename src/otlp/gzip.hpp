// What is sent, smaller.
#pragma once

#include <string>
#include <string_view>

namespace seki::otlp {

// As `Content-Encoding: gzip` has it. Empty when there is no memory for it.
[[nodiscard]] std::string gzip(std::string_view text);

}  // namespace seki::otlp
