// What a segment cannot be called.
#pragma once

#include <filesystem>

#include <seki/error.hpp>

namespace seki::client {

// Of a path that resolve() answered. What nobody could type again is no name, and neither is that of a folder: resolve() makes "..seg" of ".".
[[nodiscard]] Result<void> check_segment_name(const std::filesystem::path& path);

}  // namespace seki::client
