// keys: who is busiest, or who is denied most.
#include <fnmatch.h>

#include <string_view>

#include <fmt/format.h>

#include "command.hpp"
#include "primitives/clock.hpp"
#include "primitives/quoted.hpp"
#include "primitives/registry.hpp"
#include "report/json.hpp"
#include "report/keys.hpp"

namespace seki::ctl {
namespace {

struct question {
    std::string limiter;
    std::string by = "busy";
    std::size_t top = 20;
    std::string match;
};

// Behind the "]" that ends a bracket of a pattern, of which `at` is the first character inside; npos where none does.
std::size_t end_of_bracket(std::string_view pattern, std::size_t at) {
    if (at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^')) ++at;
    for (std::size_t first = at; at < pattern.size(); ++at) {
        if (pattern[at] == ']' && at != first) return at + 1;
        if (pattern[at] == '\\') ++at;
        const std::size_t of_class = pattern.substr(at).starts_with("[:") ? pattern.find(":]", at + 2) : pattern.npos;
        if (of_class != pattern.npos) at = of_class + 1;
    }
    return pattern.npos;
}

// fnmatch() says of no pattern that it is wrong: it matches nothing, or not what it looks like.
std::string mistake_in_pattern(const std::string& given) {
    const std::string_view pattern = given;
    for (std::size_t at = 0; at < pattern.size();) {  // ends: each turn goes on by a character at least
        if (pattern.substr(at) == "\\")
            return fmt::format(
                "{} is no pattern: its last backslash has nothing behind it; write two for the character",
                primitives::quoted(given));
        if (pattern[at] != '[') {
            at += pattern[at] == '\\' ? 2U : 1U;
            continue;
        }
        at = end_of_bracket(pattern, at + 1);
        if (at == pattern.npos)
            return fmt::format(R"({} is no pattern: a "[" has no "]"; write "[[]" for the character)",
                               primitives::quoted(given));
    }
    return {};
}

ending keys(const context& with, const question& asked) {
    const auto copy = with.look();
    if (!copy) return with.fail(copy.error());
    const auto found = primitives::limiters::find(**copy, asked.limiter);
    if (!found) return with.fail(found.error());
    report::key_query query{.by = asked.by == "denied" ? report::key_order::most_denied : report::key_order::busiest,
                            .top = asked.top};
    if (!asked.match.empty())
        query.wanted = [&](const report::key_facts& key) {
            const auto fits = [&](const std::string& text) {
                return ::fnmatch(asked.match.c_str(), text.c_str(), 0) == 0;
            };
            return fits(in_words(key)) || (key.text && fits(*key.text));
        };
    const auto list = report::keys(**copy, *found, primitives::read_clock(Clock::precise), query);
    if (with.as_json) {
        json rows = json::array();
        for (const auto& each : list) rows.push_back(report::to_json(each));
        with.print({{"limiter", asked.limiter}, {"by", asked.by}, {"keys", rows}});
        return ending::fine;
    }
    std::vector<std::vector<std::string>> rows{{"KEY", "REMAINING", "RESET", "~ALLOWED", "~DENIED"}};
    for (const auto& each : list)
        rows.push_back({in_words(each), fmt::format("{}/{}", each.remaining, each.limit), about(each.reset_after),
                        std::to_string(each.allowed), std::to_string(each.denied)});
    print_table(rows);
    return ending::fine;
}

}  // namespace

void add_keys(const app& program, const context& with, ending& end) {
    const app command =
        program.add_subcommand("keys", "the busiest or the most denied keys; the counts marked ~ are sampled");
    const auto asked = std::make_shared<question>();
    command.add_option("LIMITER", asked->limiter, "its name").required();
    command.add_option("--by", asked->by, "what puts a key first: all decisions, or denials")
        .check([](const std::string& given) {
            return given == "busy" || given == "denied" ? "" : "there is no \"" + given + "\": busy or denied";
        })
        .type_name("busy|denied")
        .capture_default_str();
    command.add_option("--top", asked->top, "how many").check(whole_number(1, 100'000'000)).capture_default_str();
    command.add_option("--match", asked->match, "only keys that this shell pattern matches").check(mistake_in_pattern);
    command.callback([&with, &end, asked] { end = keys(with, *asked); });
}

}  // namespace seki::ctl
