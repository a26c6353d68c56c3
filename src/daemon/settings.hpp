// The configuration in force: the file's, with what the command line overrides.
#pragma once

#include <seki/error.hpp>

#include "config/configuration.hpp"
#include "daemon/command_line.hpp"

namespace seki::daemon {

// `segment_path` of the result is the path itself. A segment of automatic size has room for every limiter declared, and as much again as any
// segment has.
[[nodiscard]] Result<config::configuration> load_settings(const command_line& given);

}  // namespace seki::daemon
