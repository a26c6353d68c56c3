// events: what sekid tells of what happens.
#include <fmt/format.h>

#include "command.hpp"
#include "event_client.hpp"
#include "primitives/event_types.hpp"
#include "report/event.hpp"
#include "report/owner_file.hpp"

namespace seki::ctl {
namespace {

// Where the sekid of the segment says it is.
Result<std::string> own_address(const context& with) {
    const auto path = with.path();
    if (const auto told = report::owner_address(path)) return *told;
    return std::unexpected(Error{
        Errc::not_found, fmt::format("segment {}: no sekid looks after it, and only sekid hands out events: start "
                                     "sekid, or say where it answers with --sekid",
                                     path.string())});
}

void print(const context& with, const json& event) {
    if (with.as_json) {
        json line{{"schema", 1}};
        line.update(event);
        fmt::print("{}\n", line.dump(-1, ' ', false, json::error_handler_t::replace));
    } else if (event.contains("missed")) {
        fmt::print("... {} more, faster than they could be shown\n", event["missed"].dump());
    } else {
        fmt::print("{}\n", report::event_line(event));
    }
    std::fflush(stdout);
}

ending events(const context& with, event_question asked) {
    if (const auto wanted = primitives::match_events(asked.match); !wanted)
        return with.wrong_usage("events: " + wanted.error().message);
    if (asked.address.empty()) {
        if (const auto segment = with.look(); !segment) return with.fail(segment.error());
        auto address = own_address(with);
        if (!address) return with.fail(address.error());
        asked.address = *std::move(address);
    }
    const auto done = read_events(asked, [&](const json& event) {
        print(with, event);
        return std::ferror(stdout) == 0;  // whoever read it may be gone
    });
    return done ? ending::fine : with.fail(done.error());
}

}  // namespace

void add_events(const app& program, const context& with, ending& end) {
    const app command = program.add_subcommand(
        "events", "telemetry events as lines: the rare ones that sekid remembers, and what comes with --follow");
    const auto asked = std::make_shared<event_question>();
    command.add_flag("--follow", asked->follow, "go on with what happens, calls that are refused included");
    command.add_option("--match", asked->match, "only events of these names: seki.breaker.*").capture_default_str();
    command.add_option("--sekid", asked->address, "where sekid answers HTTP, when it is not where it says")
        .type_name("ADDRESS");
    command.add_option("--cacert", asked->cacert, "certificates of who may vouch for sekid; else those of the system")
        .type_name("FILE");
    command
        .add_option("--netrc-file", asked->netrc_file,
                    "user and password, as for curl; else NAME:PASSWORD in $SEKICTL_USER")
        .type_name("FILE");
    command.callback([&with, &end, asked] { end = events(with, *asked); });
}

}  // namespace seki::ctl
