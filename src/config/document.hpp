// A TOML text to a configuration: the only place that knows toml++.
#pragma once

#include <string_view>

#include <seki/error.hpp>

#include "config/configuration.hpp"

namespace seki::config {

[[nodiscard]] Result<configuration> read_document(std::string_view text, std::string_view file);

}  // namespace seki::config
