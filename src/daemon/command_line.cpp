#include "daemon/command_line.hpp"

#include <cstdio>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "daemon/version.hpp"

namespace seki::daemon {
namespace {

constexpr int wrong_usage = 2;

constexpr const char* summary =
    "Looks after a segment of rate limits that all processes of this host share: creates it from a configuration, "
    "gives back\n"
    "what dead processes held, and shows its state over HTTP. Runs in the foreground; SIGHUP reads the configuration "
    "again.";

}  // namespace

std::variant<command_line, int> read_command_line(int argc, const char* const* argv) {
    command_line given;
    CLI::App app{summary, "sekid"};
    app.add_option("--config", given.config, "The configuration; without one, the defaults")->type_name("FILE");
    app.add_option("--segment", given.segment, "The segment, whatever the configuration says: a path, or a bare name")
        ->type_name("PATH");
    app.add_option("--listen", given.listen, "Where to answer HTTP: HOST:PORT, [IPv6]:PORT or unix:/path")
        ->type_name("ADDRESS");
    app.add_option("--check", given.check, "Say what is wrong with a configuration, and do nothing else")
        ->type_name("FILE");
    app.set_version_flag("--version", fmt::format("sekid {}", version));
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& mistake) {
        if (mistake.get_exit_code() == 0) return app.exit(mistake);
        fmt::print(stderr, "sekid: {}: see sekid --help\n", mistake.what());
        return wrong_usage;
    }
    return given;
}

}  // namespace seki::daemon
