// How large a segment must be for what a configuration declares.
#pragma once

#include <seki/error.hpp>

#include "config/configuration.hpp"

namespace seki::config {

// Where the size is "auto": what the declared primitives need, and as much more as plan() leaves for those that code makes. Any other size stays.
[[nodiscard]] Result<void> make_room(configuration& wanted);

}  // namespace seki::config
