#include "primitives/option_table.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "primitives/duration.hpp"
#include "primitives/limiter_terms.hpp"
#include "primitives/option_names.hpp"
#include "primitives/quoted.hpp"

namespace seki::primitives {
namespace {

Result<void> refuse(const limiter_option& option, std::string_view value, std::string_view why) {
    return std::unexpected(
        Error{Errc::invalid_argument, fmt::format("{} {} {}: {}", option.name, value, why, option.accepted)});
}

bool is_whole_number(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

template <auto Member>
std::string print_number(const LimiterOptions& options) {
    return fmt::format("{}", options.*Member);
}

// 0 is refused here because a burst of 0 has a meaning in LimiterOptions that no one who writes it would expect.
template <auto Member>
Result<void> parse_number(LimiterOptions& options, const limiter_option& option, std::string_view text) {
    if (!is_whole_number(text)) return refuse(option, quoted(text), "is not a whole number");
    if (text.size() > 20) return refuse(option, quoted(text), text.front() == '-' ? "is too small" : "is too large");
    std::uint64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem == std::errc::result_out_of_range) return refuse(option, text, "is too large");
    if (problem != std::errc{} || number == 0) return refuse(option, text, "is too small");
    options.*Member = number;
    return {};
}

std::string print_burst(const LimiterOptions& options) {
    return fmt::format("{}", options.burst == 0 ? options.limit : options.burst);
}

std::string print_window(const LimiterOptions& options) { return format_duration(options.window); }

Result<void> parse_window(LimiterOptions& options, const limiter_option& option, std::string_view text) {
    const auto window = parse_duration(text);
    if (!window)
        return std::unexpected(Error{Errc::invalid_argument, fmt::format("{} {}; accepted are {}", option.name,
                                                                         window.error().message, option.accepted)});
    options.window = *window;
    return {};
}

template <auto Member>
std::string print_word(const LimiterOptions& options) {
    return std::string{to_string(options.*Member)};
}

template <class Enum, auto Member>
Result<void> parse_word(LimiterOptions& options, const limiter_option& option, std::string_view text) {
    const auto value = from_string<Enum>(text);
    if (!value) return refuse(option, quoted(text), "is unknown");
    options.*Member = *value;
    return {};
}

std::string print_store_keys(const LimiterOptions& options) { return options.store_keys ? "true" : "false"; }

Result<void> parse_store_keys(LimiterOptions& options, const limiter_option& option, std::string_view text) {
    if (text != "true" && text != "false") return refuse(option, quoted(text), "is unknown");
    options.store_keys = text == "true";
    return {};
}

using O = LimiterOptions;

constexpr std::array<limiter_option, 9> table{{
    {"algorithm", value_kind::word, "gcra, token_bucket, leaky_bucket, sliding_window or fixed_window", false,
     print_word<&O::algorithm>, parse_word<Algorithm, &O::algorithm>},
    {"limit", value_kind::number, "1 to 10000000 per window", true, print_number<&O::limit>, parse_number<&O::limit>},
    {"window", value_kind::duration, "1ms to 366d", true, print_window, parse_window},
    {"burst", value_kind::number, "1 to 10000000, or left out to equal limit", true, print_burst,
     parse_number<&O::burst>},
    {"max_keys", value_kind::number, "1 to 67108864", false, print_number<&O::max_keys>, parse_number<&O::max_keys>},
    {"on_full", value_kind::word, "allow or deny", true, print_word<&O::on_full>, parse_word<OnFull, &O::on_full>},
    {"mode", value_kind::word, "enforce, shadow or off", true, print_word<&O::mode>, parse_word<Mode, &O::mode>},
    {"clock", value_kind::word, "precise or coarse", true, print_word<&O::clock>, parse_word<Clock, &O::clock>},
    {"store_keys", value_kind::flag, "true or false", false, print_store_keys, parse_store_keys},
}};

}  // namespace

std::span<const limiter_option> limiter_option_table() noexcept { return table; }

const limiter_option* find_limiter_option(std::string_view name) noexcept {
    for (const limiter_option& option : table)
        if (option.name == name) return &option;
    return nullptr;
}

}  // namespace seki::primitives
