#include "daemon/settings.hpp"

#include "client/segment_name.hpp"
#include "config/room.hpp"
#include "daemon/access.hpp"
#include "daemon/exporter.hpp"
#include "daemon/listener.hpp"
#include "shm/file_trust.hpp"
#include "shm/group.hpp"

namespace seki::daemon {
namespace {

// Makes nothing: a folder directly in /dev/shm may be missing, for a start makes it.
Result<void> check_path(const std::filesystem::path& path) {
    if (const auto fine = client::check_segment_name(path); !fine) return fine;
    const auto where = shm::locate(path, shm::purpose::use);
    const bool is_made = !where && where.error().code == Errc::not_found &&
                         path.parent_path().lexically_normal().parent_path() == "/dev/shm";
    return where || is_made ? Result<void>{} : std::unexpected(where.error());
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
    if (const auto fine = client::check_segment_name(wanted.segment_path); !fine) return std::unexpected(fine.error());
    if (given.listen) {
        wanted.daemon.listen = *given.listen;
        wanted.places.erase("[sekid] listen");
    }
    if (const auto fine = config::make_room(wanted); !fine) return std::unexpected(fine.error());
    return wanted;
}

Result<void> check_on_this_host(const config::configuration& wanted) {
    if (const auto fine = check_path(resolve(wanted.segment_path.native())); !fine)
        return std::unexpected(wanted.at("[segment] path", fine.error()));
    if (const auto group = shm::group_of(wanted.segment.group); !group)
        return std::unexpected(wanted.at("[segment] group", group.error()));
    if (const auto who = load_access(wanted); !who) return std::unexpected(who.error());
    if (const auto known = listener::look_up(wanted.daemon.listen); !known)
        return std::unexpected(wanted.at("[sekid] listen", known.error()));
    return exporter::check(wanted);
}

}  // namespace seki::daemon
