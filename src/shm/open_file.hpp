// What this process has open, whichever part of it did that: the program, or another copy of libseki.
#pragma once

#include <string_view>

namespace seki::shm {

// Whether it has a file open whose name, without the folders before it, is that; also one that was removed since. In doubt, yes. Asks the kernel about one descriptor
// after the other, and opens none of their files.
[[nodiscard]] bool has_open(std::string_view name) noexcept;

}  // namespace seki::shm
