// The configuration in force: the file's, with what the command line overrides.
#pragma once

#include <seki/error.hpp>

#include "config/configuration.hpp"
#include "daemon/command_line.hpp"

namespace seki::daemon {

// `segment_path` of the result is the path itself. A segment of automatic size has room for every limiter declared, and as much again as any
// segment has.
[[nodiscard]] Result<config::configuration> load_settings(const command_line& given);

// Whether this host has what it names: the segment's folder, the group, the files, the host to listen on. A start would refuse it.
[[nodiscard]] Result<void> check_on_this_host(const config::configuration& wanted);

}  // namespace seki::daemon
