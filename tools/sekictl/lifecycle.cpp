// reload, destroy: the segment as a whole.
#include <fmt/format.h>

#include "client/segment_handle.hpp"
#include "command.hpp"
#include "report/snapshot.hpp"
#include "shm/memory.hpp"

namespace seki::ctl {
namespace {

// sekid looks at the number at each tick, so this works from every container that shares the segment, and signals nobody.
ending reload(const context& with) {
    const auto segment = with.operate();
    if (!segment) return with.fail(segment.error());
    const shm::segment& where = segment->handle()->where();
    if (!report::look_at_owner(where).running)
        return with.fail(
            {Errc::not_found,
             fmt::format("segment {}: no sekid looks after it, so nobody reloads a configuration: start sekid",
                         where.path().string())});
    shm::hardware::fetch_add_relaxed(where.header().reload_requests, 1);
    if (with.as_json) with.print({{"reload", "requested"}});
    return ending::fine;
}

ending destroy(const context& with) {
    if (const auto done = shm::segment::destroy(with.path()); !done) return with.fail(done.error());
    if (with.as_json) with.print({{"destroyed", with.path().string()}});
    return ending::fine;
}

}  // namespace

void add_lifecycle(app program, const context& with, ending& end) {
    program.add_subcommand("reload", "ask sekid to read its configuration again; its log says what came of it")
        .callback([&] { end = reload(with); });
    program.add_subcommand("destroy", "remove the segment with everything in it; who uses it gets errors")
        .callback([&] { end = destroy(with); });
}

}  // namespace seki::ctl
