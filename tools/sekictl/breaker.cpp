// breaker: an operator's word to a breaker.
#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "command.hpp"
#include "primitives/option_names.hpp"

namespace seki::ctl {
namespace {

struct order {
    std::string_view word;
    Errc (Breaker::*give)() const noexcept;
    std::string_view about;
};

constexpr std::array<order, 5> orders{
    {{"open", &Breaker::open, "lets nobody through"},
     {"close", &Breaker::close, "lets all through, and counts nothing"},
     {"reset", &Breaker::reset, "closed, with an empty window"},
     {"auto", &Breaker::automatic, "lifts open, close and observe"},
     {"observe", &Breaker::observe, "lets all through, and tells what would have opened it"}}};

std::string words() {
    std::string text;
    for (const order& each : orders)
        text += (text.empty() ? "" : &each == &orders.back() ? " or " : ", ") + std::string{each.word};
    return text;
}

std::string explained() {
    std::string text;
    for (const order& each : orders) text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", each.word, each.about);
    return text;
}

const order* find(std::string_view word) {
    for (const order& each : orders)
        if (each.word == word) return &each;
    return nullptr;
}

ending operate(const context& with, const std::string& name, const std::string& word) {
    const auto segment = with.operate();
    if (!segment) return with.fail(segment.error());
    const auto breaker = segment->breaker(name);
    if (!breaker) return with.fail(breaker.error());
    if (const Errc why = (*breaker.*find(word)->give)(); why != Errc::none) return with.fail(breaker->explain(why));
    const auto state = breaker->state();
    if (!state) return with.fail(state.error());
    if (with.as_json) with.print({{"breaker", name}, {"told", word}, {"state", primitives::to_string(*state)}});
    return ending::fine;
}

}  // namespace

std::vector<std::pair<std::string_view, std::string_view>> words_for_breakers() {
    std::vector<std::pair<std::string_view, std::string_view>> all;
    for (const order& each : orders) all.emplace_back(each.word, each.about);
    return all;
}

void add_breaker(const app& program, const context& with, ending& end) {
    const app command = program.add_subcommand("breaker", "force or free a breaker, for all processes");
    const auto name = std::make_shared<std::string>();
    const auto word = std::make_shared<std::string>();
    command.add_option("NAME", *name, "its name").required();
    command.add_option("WORD", *word, explained()).required().check([](const std::string& given) {
        return find(given) != nullptr ? std::string{} : fmt::format("\"{}\" is unknown: {}", given, words());
    });
    command.callback([&with, &end, name, word] { end = operate(with, *name, *word); });
}

}  // namespace seki::ctl
