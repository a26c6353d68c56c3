// Making the files of a segment, and taking them away. All of it under the administration lock.
#pragma once

#include <optional>

#include <seki/error.hpp>
#include <seki/open.hpp>

#include "shm/administration.hpp"
#include "shm/file_trust.hpp"

namespace seki::shm {

// The file that stands where the new one shall be.
struct predecessor {
    opened_file opened;
    bool ours = false;             // has our magic, so that it can be marked superseded
    std::uint64_t generation = 0;  // 0 where its layout is not ours
};

// What stands at `where`, opened for writing; nothing when there is no file.
[[nodiscard]] Result<std::optional<predecessor>> look_at_predecessor(const place& where);

// Makes the segment at `where`; on failure everything is as it was. When `old` is given: marks it superseded once the new one is whole,
// and renames the new one over it.
[[nodiscard]] Result<opened_file> make_segment(const place& where, const SegmentOptions& options,
                                               const administration& lock, const predecessor* old);

[[nodiscard]] Result<void> mark_superseded(const place& where, const predecessor& old);

// Removes the segment, its lock files and last the administration lock.
[[nodiscard]] Result<void> remove_files(const place& where);

}  // namespace seki::shm
