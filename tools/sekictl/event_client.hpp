// Reads the server-sent events of a sekid.
#pragma once

#include <functional>
#include <string>

#include <seki/error.hpp>

#include "command.hpp"

namespace seki::ctl {

// Calls take(object) for each message, until sekid ends the answer or take() answers false. `address` is "http://HOST:PORT" or "unix:/PATH".
[[nodiscard]] Result<void> read_events(const std::string& address, const std::string& match, bool follow,
                                       const std::function<bool(const json&)>& take);

}  // namespace seki::ctl
