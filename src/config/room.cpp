#include "config/room.hpp"

#include "primitives/every_family.hpp"
#include "shm/segment.hpp"
#include "shm/shape.hpp"

namespace seki::config {

Result<void> make_room(configuration& wanted) {
    if (wanted.segment.size != 0) return {};
    const auto least = shm::plan(wanted.segment);
    if (!least) return std::unexpected(least.error());
    wanted.segment.size = least->size;
    primitives::every_options::each([&]<class Options>() {
        for (const auto& [name, options] : wanted.of<Options>())
            wanted.segment.size +=
                shm::whole_pages(primitives::family<Options>::arena_bytes(options, wanted.segment.max_workers));
    });
    return {};
}

}  // namespace seki::config
