#include "config/room.hpp"

#include "primitives/limiter_table.hpp"
#include "shm/segment.hpp"

namespace seki::config {

Result<void> make_room(configuration& wanted) {
    if (wanted.segment.size != 0) return {};
    const auto least = shm::plan(wanted.segment);
    if (!least) return std::unexpected(least.error());
    wanted.segment.size = least->size;
    for (const auto& [name, options] : wanted.limiters)
        wanted.segment.size += shm::table_bytes(primitives::shape_for(options)).total();
    return {};
}

}  // namespace seki::config
