// sekictl: looks at a segment and operates it, with or without sekid running.
#include "command.hpp"

int main(int argc, char** argv) {
    using namespace seki::ctl;
    context with;
    ending end = ending::fine;
    CLI::App program{
        "Looks at a Seki segment and operates it. Exit codes: 0 fine, 1 refused or not found, 2 wrong usage, 3 no "
        "segment, "
        "4 damaged segment.",
        "sekictl"};
    program.set_version_flag("--version", "sekictl " SEKI_VERSION);
    program.add_option("--segment", with.segment,
                       "path, or bare name, of the segment (default: $SEKI_SEGMENT, then /run/seki/default.seg)");
    program.add_flag("--json", with.as_json, "print JSON");
    program.add_flag("!--no-color", with.color, "no colours");
    program.require_subcommand(1);
    program.fallthrough();
    add_status(program, with, end);
    add_keys(program, with, end);
    add_decisions(program, with, end);
    add_options(program, with, end);
    add_lifecycle(program, with, end);
    add_doctor(program, with, end);
    add_bench(program, with, end);
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& wrong) {
        return program.exit(wrong) == 0 ? 0 : static_cast<int>(ending::usage);
    }
    return static_cast<int>(end);
}
