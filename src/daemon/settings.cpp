#include "daemon/settings.hpp"

#include "primitives/limiter_table.hpp"
#include "shm/segment.hpp"

namespace seki::daemon {
namespace {

Result<void> make_room(config::configuration& wanted) {
    if (wanted.segment.size != 0) return {};
    const auto least = shm::plan(wanted.segment);
    if (!least) return std::unexpected(least.error());
    wanted.segment.size = least->size;
    for (const auto& [name, options] : wanted.limiters)
        wanted.segment.size += shm::table_bytes(primitives::shape_for(options)).total();
    return {};
}

}  // namespace

Result<config::configuration> load_settings(const command_line& given) {
    config::configuration wanted;
    if (given.config) {
        auto loaded = config::load(*given.config);
        if (!loaded) return std::unexpected(loaded.error());
        wanted = std::move(*loaded);
    }
    wanted.segment_path = resolve(given.segment ? *given.segment : wanted.segment_path.native());
    if (given.listen) wanted.daemon.listen = *given.listen;
    if (const auto fine = make_room(wanted); !fine) return std::unexpected(fine.error());
    return wanted;
}

}  // namespace seki::daemon
