// Taking a segment into care: the one that is there, or a new one where that is missing or of no use to anybody.
#pragma once

#include <filesystem>
#include <memory>

#include <seki/error.hpp>
#include <seki/open.hpp>

#include "daemon/guarded_segment.hpp"

namespace seki::daemon {

// A segment that fits is adopted as it is, with what its workers counted. One of another layout, of an earlier boot, damaged or superseded is
// replaced. Says in the log which it was.
[[nodiscard]] Result<std::shared_ptr<guarded_segment>> take_up(const std::filesystem::path& path,
                                                               const SegmentOptions& options);

}  // namespace seki::daemon
