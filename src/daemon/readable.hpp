// Files that the configuration names.
#pragma once

#include <string>

namespace seki::daemon {

// Why it cannot be read: "cannot be read: ...", "is not a regular file: ..."; empty where it can. A pipe is none: whoever reads it waits for who writes, and the next
// reload finds it empty.
[[nodiscard]] std::string why_unreadable(const std::string& file);

}  // namespace seki::daemon
