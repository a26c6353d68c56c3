// What the commands of sekictl share: the segment they work on, how they print, and how they end.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <seki/seki.hpp>

#include "arguments.hpp"
#include "primitives/family.hpp"
#include "primitives/registry.hpp"
#include "shm/segment.hpp"
#include "words.hpp"

namespace seki::ctl {

using json = nlohmann::ordered_json;

// Exit codes, as interfaces promise them.
enum class ending : std::uint8_t { fine = 0, refused = 1, usage = 2, no_segment = 3, damaged = 4 };

struct context {
    std::string segment;  // as given; empty: the default one
    bool as_json = false;
    bool no_color = false;

    [[nodiscard]] std::filesystem::path path() const { return resolve(segment); }

    // A private copy of the file: looking at it cannot be disturbed, nor disturb anybody.
    [[nodiscard]] Result<std::shared_ptr<shm::segment>> look() const;
    // The segment itself, for operating it, or for reading alone. Never creates one.
    [[nodiscard]] Result<Segment> operate(Access how = Access::attach) const;

    // Prints the error, as a sentence or as JSON, and answers the exit code it stands for.
    [[nodiscard]] ending fail(const Error& error) const;
    [[nodiscard]] ending wrong_usage(const std::string& sentence) const;
    // With the number of the schema in front: later versions of the same number only add members.
    void print(const json& value) const;
};

// Columns that line up; the first row is the heading.
void print_table(const std::vector<std::vector<std::string>>& rows);

// KIND and NAME of a primitive.
void add_primitive(const app& to, std::string& kind, std::string& name);

// Calls visit.template operator()<Options>() for the kind of that name, which add_primitive() checked.
template <class Visit>
void with_kind(std::string_view kind, Visit visit) {
    primitives::every_options::each([&]<class Options>() {
        if (kind == primitives::registry<Options>::word()) visit.template operator()<Options>();
    });
}

// The words that a breaker can be told, and what each does.
[[nodiscard]] std::vector<std::pair<std::string_view, std::string_view>> words_for_breakers();

// Each adds its commands to the program. `end` receives the exit code of the one that ran.
void add_status(const app& program, const context& with, ending& end);
void add_show(const app& program, const context& with, ending& end);
void add_keys(const app& program, const context& with, ending& end);
void add_breaker(const app& program, const context& with, ending& end);
void add_decisions(const app& program, const context& with, ending& end);
void add_options(const app& program, const context& with, ending& end);
void add_lifecycle(const app& program, const context& with, ending& end);
void add_doctor(const app& program, const context& with, ending& end);
void add_bench(const app& program, const context& with, ending& end);
void add_events(const app& program, const context& with, ending& end);
void add_top(const app& program, const context& with, ending& end);

}  // namespace seki::ctl
