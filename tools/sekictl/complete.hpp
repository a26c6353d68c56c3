// What may stand next on a command line: asked by the shells, whose own scripts know no command.
#pragma once

#include <span>
#include <string>

#include <CLI/CLI.hpp>

#include "command.hpp"

namespace seki::ctl {

// The word that a shell's script calls us with, before the words of the line so far.
inline constexpr const char* completion_word = "__complete";

// A line for each word that the last of `words` may become: the word, a tab, what it does. Of files it says nothing: shells know them.
void complete(const CLI::App& program, context with, std::span<const char* const> words);

}  // namespace seki::ctl
