// sekictl: looks at a segment and operates it, with or without sekid running.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>
#include <span>
#include <string_view>
#include <system_error>

#include <CLI/CLI.hpp>

#include "command.hpp"
#include "complete.hpp"
#include "shm/refuse.hpp"
#include "usage.hpp"

namespace seki::ctl {
namespace {

int run(int argc, char** argv) {
    context with;
    ending end = ending::fine;
    CLI::App program{
        "Looks at a Seki segment and operates it. Exit codes: 0 fine, 1 refused or not found, 2 wrong usage, 3 no "
        "segment, 4 damaged segment.",
        "sekictl"};
    program.set_version_flag("--version", "sekictl " SEKI_VERSION);
    program.add_option("--segment", with.segment,
                       "path, or bare name, of the segment (default: $SEKI_SEGMENT, then /run/seki/default.seg)");
    program.add_flag("--json", with.as_json, "print JSON");
    program.add_flag("--no-color", with.no_color, "no colours, as with NO_COLOR: only top has any");
    program.require_subcommand(1);
    program.fallthrough();
    const app commands{program};
    add_status(commands, with, end);
    add_show(commands, with, end);
    add_keys(commands, with, end);
    add_decisions(commands, with, end);
    add_breaker(commands, with, end);
    add_options(commands, with, end);
    add_lifecycle(commands, with, end);
    add_doctor(commands, with, end);
    add_bench(commands, with, end);
    add_events(commands, with, end);
    add_top(commands, with, end);
    const std::span<const char* const> words{argv, static_cast<std::size_t>(argc)};
    if (words.size() > 1 && std::string_view{words[1]} == completion_word) {
        complete(program, with, words.subspan(2));
        return static_cast<int>(end);
    }
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& wrong) {
        if (wrong.get_exit_code() == 0) return program.exit(wrong);
        // A mistake before it may have kept --json from being taken note of.
        with.as_json = std::ranges::any_of(words, [](const char* each) { return std::string_view{each} == "--json"; });
        end = with.wrong_usage(explain(program, wrong));
    }
    return static_cast<int>(end);
}

void cannot_print(int number) {
    std::fprintf(stderr, "sekictl: cannot write to standard output: %s: %s\n", shm::system_text(number),
                 shm::remedy_for(number));
}

// What was printed has to arrive. Of a reader who has seen enough and left there is nothing to say.
int delivered(int code) {
    if (std::fflush(stdout) == 0) return code;
    if (errno != EPIPE) cannot_print(errno);
    return code == 0 ? static_cast<int>(ending::refused) : code;
}

}  // namespace
}  // namespace seki::ctl

int main(int argc, char** argv) {
    using namespace seki::ctl;
    try {
        return delivered(run(argc, argv));
    } catch (const std::bad_alloc&) {
        std::fprintf(stderr, "sekictl: out of memory: %s\n", seki::shm::remedy_for(ENOMEM));
    } catch (const std::system_error& failed) {
        if (failed.code().value() != EPIPE) cannot_print(failed.code().value());  // by fmt::print()
    } catch (const std::exception& failed) {
        std::fprintf(stderr, "sekictl: %s\n", failed.what());
    }
    return static_cast<int>(ending::refused);
}
