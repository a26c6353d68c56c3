#include "daemon/settings.hpp"

#include "config/room.hpp"

namespace seki::daemon {
Result<config::configuration> load_settings(const command_line& given) {
    config::configuration wanted;
    if (given.config) {
        auto loaded = config::load(*given.config);
        if (!loaded) return std::unexpected(loaded.error());
        wanted = std::move(*loaded);
    }
    wanted.segment_path = resolve(given.segment ? *given.segment : wanted.segment_path.native());
    if (given.listen) wanted.daemon.listen = *given.listen;
    if (const auto fine = config::make_room(wanted); !fine) return std::unexpected(fine.error());
    return wanted;
}

}  // namespace seki::daemon
