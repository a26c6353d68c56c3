// Where sekid says what it does: the journal, or standard error.
#pragma once

#include <string_view>

#include "config/configuration.hpp"

namespace seki::daemon {

// The journal is used when it is asked for and somebody listens there; otherwise standard error, so that nothing is lost silently.
// Nobody waits for who does not read there (brief_sink.hpp). Any thread may log afterwards, by spdlog::info() and its like.
void log_to(config::log_target target);

// A message of several lines becomes as many entries.
void log_lines(std::string_view what, std::string_view lines);

}  // namespace seki::daemon
