// What sekid does with a segment beyond what everybody may (shm/segment.hpp).
#pragma once

#include <filesystem>
#include <memory>

#include <seki/error.hpp>
#include <seki/open.hpp>

#include "shm/segment.hpp"

namespace seki::shm {

// Replaces what stands at `path` and is of no use to anybody: of another layout, damaged. Looks again under the administration lock, and takes what fits by then as it is: somebody
// removed the useless file by hand meanwhile, and a worker made another, where permits are held. Makes a segment where there is none any more.
[[nodiscard]] Result<std::shared_ptr<segment>> take_over(const std::filesystem::path& path,
                                                         const SegmentOptions& options);

// Marks it superseded: whoever has it mapped moves over at his next call. One that was emptied meanwhile stays that, for who ends late looks at it.
void supersede(const segment& ours) noexcept;

}  // namespace seki::shm
