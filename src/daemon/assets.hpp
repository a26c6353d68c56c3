// The files of dashboard/, as they are in the tree, in the program itself: a generated assets.cpp has their bytes (cmake/SekiAssets.cmake).
#pragma once

#include <span>
#include <string_view>

namespace seki::daemon {

struct asset {
    std::string_view path;  // below dashboard/
    std::string_view text;
};

[[nodiscard]] std::span<const asset> assets() noexcept;

}  // namespace seki::daemon
