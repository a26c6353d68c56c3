// events: what sekid tells of what happens.
#include <fmt/format.h>

#include "command.hpp"
#include "event_client.hpp"
#include "primitives/event_types.hpp"
#include "report/event.hpp"
#include "report/owner_file.hpp"

namespace seki::ctl {
namespace {

struct question {
    bool follow = false;
    std::string match = "*";
    std::string sekid;  // its address, when it is not the one that it says itself
};

Result<std::string> address_of(const context& with, const question& asked) {
    if (!asked.sekid.empty()) return asked.sekid;
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

ending events(const context& with, const question& asked) {
    if (const auto wanted = primitives::match_events(asked.match); !wanted)
        return with.wrong_usage("events: " + wanted.error().message);
    if (const auto segment = with.look(); !segment && asked.sekid.empty()) return with.fail(segment.error());
    const auto address = address_of(with, asked);
    if (!address) return with.fail(address.error());
    const auto done = read_events(*address, asked.match, asked.follow, [&](const json& event) {
        print(with, event);
        return std::ferror(stdout) == 0;  // whoever read it may be gone
    });
    return done ? ending::fine : with.fail(done.error());
}

}  // namespace

void add_events(app program, const context& with, ending& end) {
    const app command = program.add_subcommand(
        "events", "telemetry events as lines: the rare ones that sekid remembers, and what comes with --follow");
    const auto asked = std::make_shared<question>();
    command.add_flag("--follow", asked->follow, "go on with what happens, calls that are refused included");
    command.add_option("--match", asked->match, "only events of these names: seki.breaker.*").capture_default_str();
    command.add_option("--sekid", asked->sekid, "where sekid answers HTTP, when it is not where it says")
        .type_name("ADDRESS");
    command.callback([&with, &end, asked] { end = events(with, *asked); });
}

}  // namespace seki::ctl
