// How much there is in a folder. The standard library's iterator over one ends the process where memory runs out.
#pragma once

#include <cstdint>
#include <expected>

namespace seki::shm {

// Its entries, besides itself and its parent; or why they cannot be read, as errno has it.
[[nodiscard]] std::expected<std::uint64_t, int> count_entries(const char* folder) noexcept;

}  // namespace seki::shm
