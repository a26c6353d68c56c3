#include "pair_judge.hpp"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <utility>

namespace seki::test {
namespace {

// What may come of two at once though it comes of no order, and why that is as it should be.
struct exception {
    std::string_view why;
    bool (*is_for)(const act& first, const act& second);
    std::vector<std::string_view> but_for{};  // what is seen of a breaker, up to the end of this list
    bool but_for_answer = false;              // what the second was told
};
bool tidies_up(const act& it) {
    constexpr std::string_view words[] = {"_dead", "tidying", "maintenance", "repairing", "reaping"};
    return std::ranges::any_of(words, [&](std::string_view word) { return it.name.find(word) != std::string::npos; });
}
const std::vector<exception>& exceptions() {
    static const std::vector<exception> all{
        {"who finds the wait over makes the breaker half-open, and then asks for a place as everybody does: an "
         "operator may come between, and refuse it",
         [](const act& first, const act& /*second*/) {
             return first.of == "breaker" && first.name.find("_after_") != std::string::npos;
         },
         {"\"transitions\": ["}},
        {"who trips a breaker judges the window with its outcome, and then opens: calls that begin between the two are "
         "let in, and count as such",
         [](const act& first, const act& /*second*/) {
             return first.of == "breaker" && first.name.find("trip") != std::string::npos;
         },
         {"\"counters\": {", "\"durations\": {"}},
        {"what several dead held is given back one by one, and who looks meanwhile sees what is held by then",
         [](const act& first, const act& second) { return tidies_up(first) && second.name == "looking"; },
         {},
         true},
    };
    return all;
}

std::string without(std::string text, const std::vector<std::string_view>& lists) {
    for (const std::string_view list : lists) {
        const auto begins = text.find(list, text.find("\"breakers\": ["));
        const auto ends = text.find(list.find("counters") != list.npos ? '}' : ']', begins);
        if (begins != text.npos && ends != text.npos) text.erase(begins, ends - begins);
    }
    return text;
}

bool is_excepted(const outcome& got, const outcome& wanted, const act& first, const act& second) {
    return std::ranges::any_of(exceptions(), [&](const exception& each) {
        return each.is_for(first, second) && got.first == wanted.first &&
               (each.but_for_answer || got.second == wanted.second) &&
               without(got.seen, each.but_for) == without(wanted.seen, each.but_for);
    });
}

std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream in{text};
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

}  // namespace

std::string difference(const outcome& got, const outcome& wanted) {
    constexpr std::size_t enough = 1000;
    std::string all = "    the first was told " + got.first + ", not " + wanted.first + "; the second " + got.second +
                      ", not " + wanted.second + "\n";
    const auto is = lines_of(got.seen), was = lines_of(wanted.seen);
    for (std::size_t i = 0; i < std::max(is.size(), was.size()) && all.size() < enough; ++i) {
        const std::string one = i < is.size() ? is[i] : "nothing", other = i < was.size() ? was[i] : "nothing";
        if (one != other) all += "    line " + std::to_string(i) + ": " + one + " instead of " + other + "\n";
    }
    return all;
}

pair_judge::pair_judge(pair_stage& on, const act& first, const act& second)
    : on_{&on}, first_{first}, second_{second}, orders_{on.orders_with(second)} {}

bool pair_judge::is_in_order(const outcome& got) const {
    return got.first != no_end && got.second != no_end && std::ranges::any_of(orders_, [&](const order& each) {
               return each.then == got || is_excepted(got, each.then, first_, second_);
           });
}

std::string pair_judge::wrong_with(const outcome& got, std::uint64_t instruction, const trail& way) {
    if (is_in_order(got)) return {};
    if (!std::exchange(has_all_, true)) {
        orders_ = on_->all_orders_with(second_);
        if (is_in_order(got)) return {};
    }
    std::ostringstream said;
    said << first_ << " stopped at " << instruction << " of " << way.length() << " for " << second_ << ":\n";
    for (const order& each : orders_) said << "  " << each.name << ":\n" << difference(got, each.then);
    return said.str();
}

}  // namespace seki::test
