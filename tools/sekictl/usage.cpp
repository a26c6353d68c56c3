#include "usage.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "config/nearest.hpp"

namespace seki::ctl {
namespace {

using words = std::vector<std::string>;

std::string unknown(const char* what, const std::string& word, const words& accepted) {
    return fmt::format("{} \"{}\"{}", what, word,
                       config::unknown_word(word, std::vector<std::string_view>{accepted.begin(), accepted.end()}));
}

words commands_of(const CLI::App& program) {
    words names;
    for (const CLI::App* command : program.get_subcommands(nullptr)) names.push_back(command->get_name());
    return names;
}

void add_options_of(const CLI::App& app, words& names) {
    for (const CLI::Option* option : app.get_options())
        if (!option->get_lnames().empty()) names.push_back("--" + option->get_lnames().front());
}

bool is_option(const std::string& word) { return word.starts_with('-') && word.size() > 1; }

std::string of_extra_word(const CLI::App& program, const words& extra) {
    const auto option = std::ranges::find_if(extra, is_option);
    const auto chosen = program.get_subcommands();
    if (option != extra.end()) {
        words accepted;
        if (!chosen.empty()) add_options_of(*chosen.front(), accepted);
        add_options_of(program, accepted);
        std::ranges::sort(accepted);
        accepted.erase(std::ranges::unique(accepted).begin(), accepted.end());
        return unknown("option", option->substr(0, option->find('=')), accepted);
    }
    if (chosen.empty()) return unknown("command", extra.front(), commands_of(program));
    return fmt::format("{}: nothing more is accepted than it has, and there is \"{}\": see sekictl {} --help",
                       chosen.front()->get_name(), extra.front(), chosen.front()->get_name());
}

}  // namespace

std::string explain(const CLI::App& program, const CLI::ParseError& wrong) {
    const words extra = program.remaining(true);
    const bool about_words = dynamic_cast<const CLI::ExtrasError*>(&wrong) != nullptr ||
                             dynamic_cast<const CLI::RequiredError*>(&wrong) != nullptr;
    if (about_words && !extra.empty()) return of_extra_word(program, extra);
    const auto chosen = program.get_subcommands();
    if (chosen.empty() && dynamic_cast<const CLI::RequiredError*>(&wrong) != nullptr)
        return fmt::format("say what to do: {}; see sekictl --help", fmt::join(commands_of(program), ", "));
    if (chosen.empty()) return wrong.what();
    return fmt::format("{}: {}; see sekictl {} --help", chosen.front()->get_name(), wrong.what(),
                       chosen.front()->get_name());
}

}  // namespace seki::ctl
