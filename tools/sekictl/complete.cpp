#include "complete.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "primitives/every_family.hpp"
#include "report/text.hpp"
#include "shm/directory.hpp"

namespace seki::ctl {
namespace {

using options = std::vector<const CLI::Option*>;

// What the words before the last one say.
struct line {
    std::vector<const CLI::App*> commands;  // one in the other; the program is the first
    std::vector<std::string_view> positionals{};
    const CLI::Option* awaited = nullptr;  // an option whose value comes next
    bool only_positionals = false;         // after --

    [[nodiscard]] const CLI::App& command() const { return *commands.back(); }
};

const CLI::Option* option_called(const line& read, std::string_view word) {
    for (const CLI::App* each : read.commands)
        if (const auto* found = each->get_option_no_throw(std::string{word}); found != nullptr) return found;
    return nullptr;
}

const CLI::App* command_called(const CLI::App& in, std::string_view word) {
    for (const CLI::App* each : in.get_subcommands(nullptr))
        if (each->get_name() == word) return each;
    return nullptr;
}

line read(const CLI::App& program, context& with, std::span<const char* const> words) {
    line so_far{.commands = {&program}};
    for (const std::string_view word : words) {
        if (so_far.awaited != nullptr) {
            if (so_far.awaited->check_lname("segment")) with.segment = word;
            so_far.awaited = nullptr;
        } else if (word == "--" && !so_far.only_positionals) {
            so_far.only_positionals = true;
        } else if (word.starts_with("-") && word.size() > 1 && !so_far.only_positionals) {
            if (word.starts_with("--segment=")) with.segment = word.substr(word.find('=') + 1);
            const auto* const option = option_called(so_far, word);
            if (option != nullptr && option->get_items_expected_max() > 0) so_far.awaited = option;
        } else if (const auto* const command = command_called(so_far.command(), word);
                   command != nullptr && so_far.positionals.empty()) {
            so_far.commands.push_back(command);
        } else {
            so_far.positionals.push_back(word);
        }
    }
    return so_far;
}

// A name or a text with a tab or a newline in it would become two words: shown as sekictl shows it, and no shell takes it for another.
void offer(std::string_view word, std::string_view begun, std::string_view about) {
    if (!word.starts_with(begun)) return;
    const std::string_view first_line = about.substr(0, about.find('\n'));
    fmt::print("{}\t{}\n", report::for_terminal(word), first_line);
}

void offer_names(const context& with, std::string_view kind, std::string_view begun) {
    const auto copy = with.look();
    if (!copy) return;  // no segment, no names; this is no place to complain
    with_kind(kind, [&]<class Options>() {
        for (const auto& each : shm::directory{**copy}.list(primitives::family<Options>::kind))
            offer(each.name, begun, kind);
    });
}

void offer_options_of(std::string_view kind, std::string_view begun) {
    with_kind(kind, [&]<class Options>() {
        for (const auto& each : primitives::family<Options>::options())
            if (each.can_change) offer(each.name, begun, each.about);
    });
}

// "enforce, shadow or off", "busy|denied"; a sentence holds no such words.
void offer_words_of(std::string_view accepted, std::string_view begun, std::string_view about) {
    while (!accepted.empty()) {
        std::size_t end = accepted.size(), next = end;
        for (const std::string_view between : {", ", " or ", "|"})
            if (const std::size_t at = accepted.find(between); at < end) end = at, next = at + between.size();
        const std::string_view word = accepted.substr(0, end);
        if (word.find(' ') == std::string_view::npos) offer(word, begun, about);
        accepted.remove_prefix(next);
    }
}

// What an option of a primitive may be, where that is a few words, or the name of another primitive.
void offer_values_of(const context& with, std::string_view kind, std::string_view option, std::string_view begun) {
    with_kind(kind, [&]<class Options>() {
        for (const auto& each : primitives::family<Options>::options()) {
            if (each.name != option) continue;
            using enum primitives::value_kind;
            if (each.kind == word || each.kind == flag) offer_words_of(each.accepted, begun, each.about);
            if (kind == "policy") offer_names(with, option, begun);
        }
    });
}

void offer_value(const line& read, const context& with, std::string_view begun) {
    if (const std::string words = read.awaited->get_type_name(); words.find('|') != std::string::npos)
        return offer_words_of(words, begun, read.awaited->get_description());
    std::string option = read.awaited->get_lnames().front();
    std::ranges::replace(option, '-', '_');
    if (read.commands.size() == 3) offer_values_of(with, read.command().get_name(), option, begun);  // create KIND
}

void offer_positional(const line& read, const context& with, std::string_view begun) {
    const auto expected = read.command().get_options([](const CLI::Option* each) { return each->get_positional(); });
    const std::size_t at = read.positionals.size();
    const std::string_view within = read.command().get_name();
    if (expected.empty()) return;
    const std::string name = expected[std::min(at, expected.size() - 1)]->get_name(true);
    if (name == "KIND") {
        primitives::every_options::each(
            [&]<class Options>() { offer(primitives::registry<Options>::word(), begun, "a kind of primitive"); });
    } else if (name == "LIMITER") {
        offer_names(with, "limiter", begun);
    } else if (name == "WORD" && at == 1) {
        for (const auto& [word, about] : words_for_breakers()) offer(word, begun, about);
    } else if (name == "NAME" && within == "breaker") {
        offer_names(with, "breaker", begun);
    } else if (name == "NAME" && at == 1) {
        offer_names(with, read.positionals.front(), begun);
    } else if (name == "OPTION VALUE" && at % 2 == 0) {
        offer_options_of(read.positionals.front(), begun);
    } else if (name == "OPTION VALUE") {
        offer_values_of(with, read.positionals.front(), read.positionals.back(), begun);
    }
}

}  // namespace

void complete(const CLI::App& program, context with, std::span<const char* const> words) {
    if (words.empty()) return;
    const std::string_view begun = words.back();
    const line so_far = read(program, with, words.first(words.size() - 1));
    if (so_far.awaited != nullptr) return offer_value(so_far, with, begun);
    if (begun.starts_with("-") && !so_far.only_positionals) {
        for (const CLI::App* each : so_far.commands)
            for (const CLI::Option* option : each->get_options())
                if (!option->get_lnames().empty())
                    offer("--" + option->get_lnames().front(), begun, option->get_description());
        return;
    }
    if (so_far.positionals.empty())
        for (const CLI::App* each : so_far.command().get_subcommands(nullptr))
            offer(each->get_name(), begun, each->get_description());
    offer_positional(so_far, with, begun);
}

}  // namespace seki::ctl
