// Which version this is, as CMakeLists.txt says.
#pragma once

#include <string_view>

namespace seki::daemon {

inline constexpr std::string_view version = SEKI_VERSION;

}  // namespace seki::daemon
