// Making the files of a segment, and taking them away. All of it under the administration lock.
#pragma once

#include <optional>
#include <string_view>

#include <seki/error.hpp>
#include <seki/open.hpp>

#include "shm/administration.hpp"
#include "shm/descriptor.hpp"
#include "shm/file_trust.hpp"

namespace seki::shm {

// The file that stands where the new one shall be.
struct predecessor {
    opened_file opened;
    bool ours = false;             // has our magic, so that it can be marked superseded
    bool marked = false;           // is superseded, or emptied, which it shall stay
    std::uint64_t generation = 0;  // 0 where it does not tell: its layout is not ours
};

// What is wrong with the mode of a segment, to stand behind it; nothing, where it is one of the three that make sense: others' access would put the limits into
// everybody's hands.
[[nodiscard]] std::string_view mistake_in_mode(unsigned mode) noexcept;

// What stands at `where`, opened for writing; nothing when there is no file.
[[nodiscard]] Result<std::optional<predecessor>> look_at_predecessor(const place& where);

// Makes the segment at `where`; on failure everything is as it was. When `old` is given: marks it superseded once the new one is whole,
// and renames the new one over it.
[[nodiscard]] Result<opened_file> make_segment(const place& where, const SegmentOptions& options,
                                               const administration& lock, const predecessor* old);

[[nodiscard]] Result<void> mark_superseded(const place& where, const predecessor& old);

// Whether we may take away what stands at `where`: asked before anything is marked, so that a refusal changes nothing.
[[nodiscard]] Result<void> may_remove(const place& where, const predecessor* old);

// The lock of sekid, so that none starts while the segment goes; nothing where there is no such file. busy: a sekid runs.
[[nodiscard]] Result<descriptor> lock_out_sekid(const place& where);

// Removes the segment, its lock files, sekid's, and last the administration lock. The caller holds both.
[[nodiscard]] Result<void> remove_files(const place& where);

}  // namespace seki::shm
