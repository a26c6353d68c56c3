// Whether the first page of a file is that of a segment we can use, and if not, why. Looks at a private copy; touches no file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include <seki/error.hpp>

#include "layout/header.hpp"
#include "shm/host.hpp"

namespace seki::shm {

struct refusal {
    Error error;
    // Whole, of our layout, and of no use to anybody: of an earlier boot, or superseded by one who died before it put up the successor.
    bool replaceable = false;
};

// Nothing when it fits. In this order: magic, size, layout, boot, time namespace, superseded, geometry.
[[nodiscard]] std::optional<refusal> recognise(const layout::header& header, std::uint64_t file_size, const host& here,
                                               const std::filesystem::path& path);

// Whether the identity is one of Seki's, of whatever version.
[[nodiscard]] bool has_our_magic(const layout::header& header) noexcept;

// Whether every field of the header is where this library expects it.
[[nodiscard]] bool has_our_layout(const layout::header& header) noexcept;

}  // namespace seki::shm
