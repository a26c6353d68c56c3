// The keys of [segment], [sekid] and [otlp], each with its parser.
#pragma once

#include <span>
#include <string_view>

#include <seki/error.hpp>

#include "config/configuration.hpp"
#include "primitives/option.hpp"

namespace seki::config {

struct setting {
    std::string_view name;
    primitives::value_kind kind;
    std::string_view accepted;
    Result<void> (*parse)(configuration&, const setting&, std::string_view text);
    // Of one whose value is a section of names and texts.
    Result<void> (*add)(configuration&, const setting&, std::string_view name, std::string_view text) = nullptr;
};

// How a value is written in a file: "a whole number", "text in quotes".
[[nodiscard]] std::string_view name_of(primitives::value_kind kind) noexcept;

[[nodiscard]] std::span<const setting> segment_settings() noexcept;
[[nodiscard]] std::span<const setting> sekid_settings() noexcept;
[[nodiscard]] std::span<const setting> otlp_settings() noexcept;

}  // namespace seki::config
