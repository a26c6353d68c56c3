// reload, destroy: the segment as a whole.
#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "client/segment_handle.hpp"
#include "command.hpp"
#include "report/owner_file.hpp"
#include "report/snapshot.hpp"
#include "shm/memory.hpp"

namespace seki::ctl {
namespace {

constexpr std::chrono::seconds patience{15};  // a tick is ten at most

Error about_reload(const shm::segment& where, Errc code, std::string_view what) {
    return {code, fmt::format("segment {}: {}", where.path().string(), what)};
}

// What became of that request, as sekid says in its file.
Result<void> wait_for_reload(const shm::segment& where, std::uint64_t request) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < end) {
        const auto latest = report::latest_reload(where.path());
        if (latest && latest->generation == where.generation() && latest->request >= request) {
            if (latest->why_not.empty()) return {};
            std::string why = latest->why_not;  // a line for each mistake
            for (std::size_t at = 0; (at = why.find('\n', at)) != why.npos; ++at) why.replace(at, 1, "; ");
            return std::unexpected(about_reload(where, Errc::invalid_argument, "nothing was reloaded: " + why));
        }
        if (where.superseded())
            return std::unexpected(
                about_reload(where, Errc::superseded, "was made anew before sekid reloaded: ask again"));
        if (!report::look_at_owner(where).running)
            return std::unexpected(
                about_reload(where, Errc::not_found, "its sekid ended before it reloaded: start it"));
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    return std::unexpected(about_reload(
        where, Errc::timeout,
        fmt::format("its sekid did not say within {} s what came of it: see its log, and whether it runs at all",
                    patience.count())));
}

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
    const std::uint64_t request = shm::hardware::fetch_add_relaxed(where.header().reload_requests, 1) + 1;
    if (const auto done = wait_for_reload(where, request); !done) return with.fail(done.error());
    if (with.as_json) with.print({{"reload", "done"}});
    return ending::fine;
}

ending destroy(const context& with) {
    if (const auto done = shm::segment::destroy(with.path()); !done) return with.fail(done.error());
    if (with.as_json) with.print({{"destroyed", with.path().string()}});
    return ending::fine;
}

}  // namespace

void add_lifecycle(const app& program, const context& with, ending& end) {
    program
        .add_subcommand("reload",
                        "have sekid read its configuration again; exits 1 and says the mistakes when it refuses")
        .callback([&] { end = reload(with); });
    program.add_subcommand("destroy", "remove the segment with everything in it; who uses it gets errors")
        .callback([&] { end = destroy(with); });
}

}  // namespace seki::ctl
