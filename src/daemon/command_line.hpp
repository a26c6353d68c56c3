// What sekid was called with.
#pragma once

#include <optional>
#include <string>
#include <variant>

namespace seki::daemon {

struct command_line {
    std::optional<std::string> config;   // a file
    std::optional<std::string> segment;  // overrides the file's path; may be a bare name
    std::optional<std::string> listen;   // overrides the file's address
    std::optional<std::string> check;    // only say what is wrong with that file
};

// An exit status instead, when everything was said already: --help, --version, or a mistake.
[[nodiscard]] std::variant<command_line, int> read_command_line(int argc, const char* const* argv);

}  // namespace seki::daemon
