// How the values of options are printed and parsed, for the tables of every kind: number, duration, word, flag.
#pragma once

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include <seki/error.hpp>

#include "primitives/duration.hpp"
#include "primitives/option.hpp"
#include "primitives/option_names.hpp"
#include "primitives/quoted.hpp"

namespace seki::primitives::option_text {

template <class Options>
Result<void> refuse(const option<Options>& option, std::string_view value, std::string_view why) {
    return std::unexpected(
        Error{Errc::invalid_argument, fmt::format("{} {} {}: {}", option.name, value, why, option.accepted)});
}

inline bool is_whole_number(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

template <class Options, auto Member>
std::string print_number(const Options& options) {
    return fmt::format("{}", options.*Member);
}

// Below `least` it is refused here: a 0 that means something else in Options would surprise who writes it.
template <class Options, auto Member, std::uint64_t least = 1>
Result<void> parse_number(Options& options, const option<Options>& option, std::string_view text) {
    using number_type = std::remove_cvref_t<decltype(options.*Member)>;
    if (!is_whole_number(text)) return refuse(option, quoted(text), "is not a whole number");
    if (text.size() > 20) return refuse(option, quoted(text), text.front() == '-' ? "is too small" : "is too large");
    std::uint64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem == std::errc::result_out_of_range || number > std::numeric_limits<number_type>::max())
        return refuse(option, text, "is too large");
    if (problem != std::errc{} || number < least) return refuse(option, text, "is too small");
    options.*Member = static_cast<number_type>(number);
    return {};
}

// In so many parts of a whole, as it is kept.
template <class Options, auto Member, int parts = 1000>
std::string print_fraction(const Options& options) {
    return fmt::format("{}", std::round(options.*Member * parts) / parts);
}

template <class Options, auto Member>
Result<void> parse_fraction(Options& options, const option<Options>& option, std::string_view text) {
    double number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem == std::errc::invalid_argument || end != text.data() + text.size())
        return refuse(option, quoted(text), "is not a number");
    if (problem == std::errc::result_out_of_range) return refuse(option, text, "is too large");
    options.*Member = number;
    return {};
}

template <class Options, auto Member>
std::string print_duration(const Options& options) {
    return format_duration(options.*Member);
}

template <class Options, auto Member>
Result<void> parse_duration_of(Options& options, const option<Options>& option, std::string_view text) {
    const auto value = parse_duration(text);
    if (!value)
        return std::unexpected(Error{Errc::invalid_argument, fmt::format("{} {}; accepted are {}", option.name,
                                                                         value.error().message, option.accepted)});
    options.*Member = *value;
    return {};
}

template <class Options, auto Member>
std::string print_word(const Options& options) {
    return std::string{to_string(options.*Member)};
}

template <class Options, auto Member>
Result<void> parse_word(Options& options, const option<Options>& option, std::string_view text) {
    const auto value = from_string<std::remove_cvref_t<decltype(options.*Member)>>(text);
    if (!value) return refuse(option, quoted(text), "is unknown");
    options.*Member = *value;
    return {};
}

template <class Options, auto Member>
std::string print_flag(const Options& options) {
    return options.*Member ? "true" : "false";
}

template <class Options, auto Member>
Result<void> parse_flag(Options& options, const option<Options>& option, std::string_view text) {
    if (text != "true" && text != "false") return refuse(option, quoted(text), "is unknown");
    options.*Member = text == "true";
    return {};
}

}  // namespace seki::primitives::option_text
