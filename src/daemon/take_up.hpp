// Taking a segment into care: the one that is there, or a new one where that is missing or of no use to anybody.
#pragma once

#include <memory>

#include <seki/error.hpp>

#include "config/configuration.hpp"
#include "daemon/guarded_segment.hpp"

namespace seki::daemon {

// A segment that fits is adopted as it is, with what its workers counted. One of another layout, of an earlier boot, damaged or superseded is
// replaced. Says in the log which it was.
[[nodiscard]] Result<std::shared_ptr<guarded_segment>> take_up(const config::configuration& wanted);

// Says in the log where a segment that is there has other parts than the configuration asks for. One of size "auto" asks for no size: what it declares has
// found room, or is refused.
void warn_of_other_parts(const shm::segment& found, const config::configuration& wanted);

}  // namespace seki::daemon
