#include "program.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "complete.hpp"
#include "usage.hpp"

namespace seki::ctl {
namespace {

// As CLI11 takes them: the last one first, and without the program's name. `--limit=` has an empty value, where CLI11 would take the next word for it.
std::vector<std::string> to_parse(std::span<const char* const> words) {
    std::vector<std::string> reversed;
    bool options_end = false;
    for (const char* const each : words.subspan(std::min<std::size_t>(words.size(), 1))) {
        std::string word = each;
        options_end = options_end || word == "--";
        const bool is_empty =
            !options_end && word.size() > 3 && word.starts_with("--") && word.find('=') == word.size() - 1;
        if (is_empty) word.pop_back();
        reversed.push_back(std::move(word));
        if (is_empty) reversed.emplace_back();
    }
    std::ranges::reverse(reversed);
    return reversed;
}

}  // namespace

program::program()
    : described_{
          "Looks at a Seki segment and operates it. Exit codes: 0 fine, 1 refused or not found, 2 wrong usage, 3 no "
          "segment, 4 damaged segment.",
          "sekictl"},
      commands_{described_} {
    described_.set_version_flag("--version", "sekictl " SEKI_VERSION);
    commands_.add_option("--segment", with_.segment,
                         "path, or bare name, of the segment (default: $SEKI_SEGMENT, then /run/seki/default.seg)");
    commands_.add_flag("--json", with_.as_json, "print JSON");
    commands_.add_flag("--no-color", with_.no_color, "no colours, as with NO_COLOR: only top has any");
    described_.require_subcommand(1);
    described_.fallthrough();
    add_status(commands_, with_, end_);
    add_show(commands_, with_, end_);
    add_keys(commands_, with_, end_);
    add_decisions(commands_, with_, end_);
    add_breaker(commands_, with_, end_);
    add_options(commands_, with_, end_);
    add_lifecycle(commands_, with_, end_);
    add_doctor(commands_, with_, end_);
    add_bench(commands_, with_, end_);
    add_events(commands_, with_, end_);
    add_top(commands_, with_, end_);
}

int program::run(int argc, const char* const* argv) {
    commands_.forget();
    end_ = ending::fine;
    const std::span<const char* const> words{argv, static_cast<std::size_t>(argc)};
    if (words.size() > 1 && std::string_view{words[1]} == completion_word) {
        complete(described_, with_, words.subspan(2));
        return static_cast<int>(end_);
    }
    try {
        described_.parse(to_parse(words));
    } catch (const CLI::ParseError& wrong) {
        if (wrong.get_exit_code() == 0) return described_.exit(wrong);
        // A mistake before it may have kept --json from being taken note of.
        with_.as_json = std::ranges::any_of(words, [](const char* each) { return std::string_view{each} == "--json"; });
        end_ = with_.wrong_usage(explain(described_, wrong));
    }
    return static_cast<int>(end_);
}

}  // namespace seki::ctl
