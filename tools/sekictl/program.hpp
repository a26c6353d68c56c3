// The command line of sekictl: all of its commands, described, and what the words of one line do.
#pragma once

#include <CLI/CLI.hpp>

#include "command.hpp"

namespace seki::ctl {

class program {
public:
    program();
    program(const program&) = delete;
    program& operator=(const program&) = delete;

    // Does what the words say, as if none had been said before, and answers the exit code.
    [[nodiscard]] int run(int argc, const char* const* argv);

    [[nodiscard]] CLI::App& description() noexcept { return described_; }

private:
    context with_;
    ending end_ = ending::fine;
    CLI::App described_;
    app commands_;
};

}  // namespace seki::ctl
