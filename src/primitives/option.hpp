// One option of a primitive by name, for everything that reads or shows it as text: configuration files, sekictl, errors. Each kind has a
// table of them (family<Options>::options()), in the order of its options' members.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <seki/error.hpp>

#include "primitives/quoted.hpp"

namespace seki::primitives {

// How a value is written in a configuration file.
enum class value_kind : std::uint8_t { number, duration, word, flag, fraction, number_or_duration };

template <class Options>
struct option {
    std::string_view name;
    value_kind kind;
    std::string_view about;     // for the help of `sekictl create`
    std::string_view accepted;  // the end of every message about this option: "1 to 10000000 per window"
    bool can_change;            // while the primitive lives

    std::string (*print)(const Options&);
    // Takes what can be held; mistakes() judges what the number means. The message starts with the name of the option.
    Result<void> (*parse)(Options&, const option&, std::string_view text);

    // Null: it always does.
    bool (*applies)(const Options&) = nullptr;
    // Whether two are the same for a primitive that otherwise is. Null: when they print alike.
    bool (*same)(const Options&, const Options&) = nullptr;

    [[nodiscard]] bool is_same(const Options& a, const Options& b) const {
        return same != nullptr ? same(a, b) : print(a) == print(b);
    }
};

template <class Options>
using option_table = std::span<const option<Options>>;

// Null when there is none of that name.
template <class Options>
[[nodiscard]] const option<Options>* find_option(option_table<Options> table, std::string_view name) noexcept {
    for (const option<Options>& each : table)
        if (each.name == name) return &each;
    return nullptr;
}

// Every option that applies, with the text that its parse() takes.
template <class Options>
[[nodiscard]] std::vector<std::pair<std::string, std::string>> list_options(option_table<Options> table,
                                                                            const Options& options) {
    std::vector<std::pair<std::string, std::string>> list;
    for (const option<Options>& each : table)
        if (each.applies == nullptr || each.applies(options)) list.emplace_back(each.name, each.print(options));
    return list;
}

// The options that differ, each by its name and the two values in such words. Empty when a primitive with the one is a primitive with the other.
template <class Options>
[[nodiscard]] std::string list_differences(option_table<Options> table, const Options& one, const Options& other,
                                           fmt::format_string<std::string_view, std::string, std::string> words) {
    std::string text;
    for (const option<Options>& each : table)
        if (!each.is_same(one, other))
            text += (text.empty() ? "" : "; ") +
                    fmt::format(words, std::string_view{each.name}, each.print(one), each.print(other));
    return text;
}

// "limit is 5, not 10; window is 1m, not 1h": for who wanted others than there are.
template <class Options>
[[nodiscard]] std::string describe_difference(option_table<Options> table, const Options& existing,
                                              const Options& wanted) {
    return list_differences(table, existing, wanted, "{} is {}, not {}");
}

// "limit 5 -> 10; window 1m -> 1h": for who gets them.
template <class Options>
[[nodiscard]] std::string describe_change(option_table<Options> table, const Options& before, const Options& after) {
    return list_differences(table, before, after, "{} {} -> {}");
}

// Refuses what only a new primitive can have. `word` is "limiter".
template <class Options>
[[nodiscard]] Result<void> check_fixed_options(option_table<Options> table, std::string_view word,
                                               std::string_view name, const Options& existing, const Options& wanted) {
    for (const option<Options>& each : table) {
        const std::string is = each.print(existing);
        if (each.can_change || is == each.print(wanted)) continue;
        return std::unexpected(Error{
            Errc::invalid_argument,
            fmt::format("{} {}: {} is {} and cannot change to {} while it lives: delete the {} and create it anew",
                        word, quoted(name), each.name, is, each.print(wanted), word)});
    }
    return {};
}

struct option_mistake {
    std::string_view option;  // the one to change
    std::string message;      // "limit 0 is too small: 1 to 10000000 per window"
};

}  // namespace seki::primitives
