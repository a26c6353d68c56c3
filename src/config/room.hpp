// How large a segment must be for what a configuration declares.
#pragma once

#include <cstdint>

#include <seki/error.hpp>

#include "config/configuration.hpp"

namespace seki::config {

// The bytes below which a new segment has no room for all that is declared, whatever size is wanted.
[[nodiscard]] Result<std::uint64_t> needed_bytes(const configuration& wanted);

// Where the size is "auto": what the declared primitives need, and as much more as plan() leaves for those that code makes. Any other size stays:
// whoever read the configuration saw that it is large enough.
[[nodiscard]] Result<void> make_room(configuration& wanted);

}  // namespace seki::config
