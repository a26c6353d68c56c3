// Text that came out of a segment, made fit for where it goes. Any process that may write the segment chose these bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace seki::report {

[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

// Each byte that belongs to no character becomes U+FFFD. For JSON, labels and logs, which escape the rest themselves.
[[nodiscard]] std::string valid_utf8(std::string_view text);

// Like valid_utf8(), and control characters, among them those that C1 and U+202A.. hide, become \xNN or \u{NNNN}; a backslash
// becomes two, so that the result says exactly what was there. Nothing in it can move a cursor, colour a line or turn its direction.
[[nodiscard]] std::string for_terminal(std::string_view text);

// Without the character that the end of `text` cuts in two.
[[nodiscard]] std::string_view whole_characters(std::string_view text) noexcept;

// Sixteen digits.
[[nodiscard]] std::string hex(std::uint64_t number);
// Two digits a byte.
[[nodiscard]] std::string hex(std::string_view bytes);

}  // namespace seki::report
