// What was wrong with a command line, in one sentence that names the nearest right word.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace seki::ctl {

[[nodiscard]] std::string explain(const CLI::App& program, const CLI::ParseError& wrong);

}  // namespace seki::ctl
