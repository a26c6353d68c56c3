// The keys of [segment] and [sekid], each with its parser.
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
};

[[nodiscard]] std::span<const setting> segment_settings() noexcept;
[[nodiscard]] std::span<const setting> sekid_settings() noexcept;

}  // namespace seki::config
