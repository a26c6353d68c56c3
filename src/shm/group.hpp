// The groups of this host.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include <seki/error.hpp>

namespace seki::shm {

// Nothing for an empty name.
[[nodiscard]] Result<std::optional<gid_t>> group_of(const std::string& name);

}  // namespace seki::shm
