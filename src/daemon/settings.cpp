#include "daemon/settings.hpp"

#include "config/room.hpp"
#include "daemon/access.hpp"
#include "daemon/exporter.hpp"
#include "daemon/listener.hpp"
#include "shm/group.hpp"

namespace seki::daemon {
Result<config::configuration> load_settings(const command_line& given) {
    config::configuration wanted;
    if (given.config) {
        auto loaded = config::load(*given.config);
        if (!loaded) return std::unexpected(loaded.error());
        wanted = std::move(*loaded);
    }
    wanted.segment_path = resolve(given.segment ? *given.segment : wanted.segment_path.native());
    if (given.listen) {
        wanted.daemon.listen = *given.listen;
        wanted.places.erase("[sekid] listen");
    }
    if (const auto fine = config::make_room(wanted); !fine) return std::unexpected(fine.error());
    return wanted;
}

Result<void> check_on_this_host(const config::configuration& wanted) {
    if (const auto group = shm::group_of(wanted.segment.group); !group)
        return std::unexpected(wanted.at("[segment] group", group.error()));
    if (const auto who = load_access(wanted); !who) return std::unexpected(who.error());
    if (const auto known = listener::look_up(wanted.daemon.listen); !known)
        return std::unexpected(wanted.at("[sekid] listen", known.error()));
    return exporter::check(wanted);
}

}  // namespace seki::daemon
