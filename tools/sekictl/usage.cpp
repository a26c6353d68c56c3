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

// The commands that were given, one in the other: "create", "limiter".
std::vector<const CLI::App*> chosen_in(const CLI::App& program) {
    std::vector<const CLI::App*> chain;
    for (const CLI::App* at = &program; !at->get_subcommands().empty(); chain.push_back(at))
        at = at->get_subcommands().front();
    return chain;
}

std::string name_of(const std::vector<const CLI::App*>& chain) {
    words names;
    for (const CLI::App* each : chain) names.push_back(each->get_name());
    return fmt::format("{}", fmt::join(names, " "));
}

std::string of_extra_option(const CLI::App& program, const std::vector<const CLI::App*>& chosen,
                            const std::string& given) {
    words accepted;
    if (!chosen.empty()) add_options_of(*chosen.back(), accepted);
    add_options_of(program, accepted);
    std::ranges::sort(accepted);
    accepted.erase(std::ranges::unique(accepted).begin(), accepted.end());
    const std::string option = given.substr(0, given.find('='));
    if (std::ranges::find(accepted, option) != accepted.end())
        return fmt::format("option \"{}\" stands after --, where no options are: write it before", option);
    return unknown("option", option, accepted);
}

// A command or a kind that is unknown comes first: the options are those of another.
std::string of_extra_word(const CLI::App& program, const words& extra) {
    const auto option = std::ranges::find_if(extra, is_option);
    const auto chosen = chosen_in(program);
    const words kinds = chosen.empty() ? words{} : commands_of(*chosen.back());
    if (chosen.empty() && option != extra.begin()) return unknown("command", extra.front(), commands_of(program));
    if (!kinds.empty() && option != extra.begin())
        return fmt::format("{}: {}", name_of(chosen), unknown("kind", extra.front(), kinds));
    if (option != extra.end()) return of_extra_option(program, chosen, *option);
    return fmt::format("{0}: nothing more is accepted than it has, and there is \"{1}\": see sekictl {0} --help",
                       name_of(chosen), extra.front());
}

}  // namespace

std::string explain(const CLI::App& program, const CLI::ParseError& wrong) {
    const words extra = program.remaining(true);
    const bool is_missing = dynamic_cast<const CLI::RequiredError*>(&wrong) != nullptr;
    const bool about_words = is_missing || dynamic_cast<const CLI::ExtrasError*>(&wrong) != nullptr;
    if (about_words && !extra.empty()) return of_extra_word(program, extra);
    const auto chosen = chosen_in(program);
    if (chosen.empty() && is_missing)
        return fmt::format("say what to do: {}; see sekictl --help", fmt::join(commands_of(program), ", "));
    if (chosen.empty()) return wrong.what();
    if (const words kinds = commands_of(*chosen.back()); is_missing && !kinds.empty())
        return fmt::format("{0}: say which kind: {1}; see sekictl {0} --help", name_of(chosen), fmt::join(kinds, ", "));
    return fmt::format("{0}: {1}; see sekictl {0} --help", name_of(chosen), wrong.what());
}

}  // namespace seki::ctl
