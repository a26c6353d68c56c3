// What the commands of sekictl share: the segment they work on, how they print, and how they end.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <seki/seki.hpp>

#include "shm/segment.hpp"

namespace seki::ctl {

using json = nlohmann::ordered_json;

// Exit codes, as interfaces promise them.
enum class ending : int { fine = 0, refused = 1, usage = 2, no_segment = 3, damaged = 4 };

struct context {
    std::string segment;  // as given; empty: the default one
    bool as_json = false;
    bool color = true;

    [[nodiscard]] std::filesystem::path path() const { return resolve(segment); }

    // A private copy of the file: looking at it cannot be disturbed, nor disturb anybody.
    [[nodiscard]] Result<std::shared_ptr<shm::segment>> look() const;
    // The segment itself, for operating it. Never creates one.
    [[nodiscard]] Result<Segment> operate() const;

    // Prints the error, as a sentence or as JSON, and answers the exit code it stands for.
    ending fail(const Error& error) const;
    void print(const json& value) const;
};

// Columns that line up; the first row is the heading.
void print_table(const std::vector<std::vector<std::string>>& rows);

// Each adds its commands to the program. `end` receives the exit code of the one that ran.
void add_status(CLI::App& program, const context& with, ending& end);
void add_keys(CLI::App& program, const context& with, ending& end);
void add_decisions(CLI::App& program, const context& with, ending& end);
void add_options(CLI::App& program, const context& with, ending& end);
void add_lifecycle(CLI::App& program, const context& with, ending& end);
void add_doctor(CLI::App& program, const context& with, ending& end);
void add_bench(CLI::App& program, const context& with, ending& end);

}  // namespace seki::ctl
