// "Did you mean": the known word that somebody most likely wanted to write.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace seki::config {

// Nothing when no candidate is near: better no advice than a strange one.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string_view> candidates);

// ` is unknown: did you mean "limit"? accepted are limit, window`, to stand after the quoted word.
[[nodiscard]] std::string unknown_word(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace seki::config
