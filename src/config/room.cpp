#include "config/room.hpp"

#include <algorithm>

#include "primitives/every_family.hpp"
#include "shm/segment.hpp"
#include "shm/shape.hpp"

namespace seki::config {
namespace {

Result<layout::geometry> automatic(SegmentOptions options) {
    options.size = 0;
    return shm::plan(options);
}

// A new segment hands out whole pages, one piece after the other.
std::uint64_t arena_bytes(const configuration& wanted) {
    std::uint64_t all = 0;
    primitives::every_options::each([&]<class Options>() {
        for (const auto& [name, options] : wanted.of<Options>())
            all += shm::whole_pages(primitives::family<Options>::arena_bytes(options, wanted.segment.max_workers));
    });
    return all;
}

}  // namespace

Result<std::uint64_t> needed_bytes(const configuration& wanted) {
    const auto parts = automatic(wanted.segment);
    if (!parts) return std::unexpected(parts.error());
    return parts->arena_offset + std::max<std::uint64_t>(arena_bytes(wanted), layout::page);
}

Result<void> make_room(configuration& wanted) {
    if (wanted.segment.size != 0) return {};
    const auto parts = automatic(wanted.segment);
    if (!parts) return std::unexpected(parts.error());
    wanted.segment.size = parts->size + arena_bytes(wanted);
    wanted.size_is_ours = true;
    return {};
}

}  // namespace seki::config
