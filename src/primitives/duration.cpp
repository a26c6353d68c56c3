#include "primitives/duration.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>

#include "primitives/quoted.hpp"

namespace seki::primitives {
namespace {

struct unit {
    std::string_view name;
    std::uint64_t ns;
};

constexpr std::array<unit, 7> units{{{"d", 86'400'000'000'000},
                                     {"h", 3'600'000'000'000},
                                     {"m", 60'000'000'000},
                                     {"s", 1'000'000'000},
                                     {"ms", 1'000'000},
                                     {"us", 1'000},
                                     {"ns", 1}}};

std::string in_one_unit(std::uint64_t ns) {
    for (const unit& u : units)
        if (ns % u.ns == 0) return fmt::format("{}{}", ns / u.ns, u.name);
    return {};
}

std::string in_several_units(std::uint64_t ns) {
    std::string text;
    for (const unit& u : units) {
        if (ns >= u.ns) text += fmt::format("{}{}", ns / u.ns, u.name);
        ns %= u.ns;
    }
    return text;
}

std::unexpected<Error> refuse(std::string_view text, std::string_view why) {
    return std::unexpected(Error{
        Errc::invalid_argument,
        fmt::format("{} {}: a duration is written \"250ms\", \"30s\", \"1m\", \"2h\" or \"1d\"", quoted(text), why)});
}

// The longest run of letters at the front.
std::string_view leading_letters(std::string_view text) {
    std::size_t length = 0;
    while (length < text.size() && text[length] >= 'a' && text[length] <= 'z') ++length;
    return text.substr(0, length);
}

const unit* find_unit(std::string_view name) {
    for (const unit& u : units)
        if (u.name == name) return &u;
    return nullptr;
}

}  // namespace

std::string format_duration(std::chrono::nanoseconds duration) {
    if (duration.count() == 0) return "0s";
    const bool negative = duration.count() < 0;
    const auto bits = static_cast<std::uint64_t>(duration.count());
    const std::uint64_t ns = negative ? 0 - bits : bits;
    const std::string one = in_one_unit(ns);
    const std::string several = in_several_units(ns);
    return (negative ? "-" : "") + (several.size() < one.size() ? several : one);
}

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
    constexpr std::uint64_t longest = std::numeric_limits<std::int64_t>::max();
    if (text.empty()) return refuse(text, "is empty");
    if (text.front() == '-') return refuse(text, "is negative");
    std::uint64_t total = 0;
    std::uint64_t previous_unit = std::numeric_limits<std::uint64_t>::max();
    for (std::string_view rest = text; !rest.empty();) {
        std::uint64_t number = 0;
        const auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
        if (problem == std::errc::invalid_argument) return refuse(text, "is not a duration");
        if (problem != std::errc{}) return refuse(text, "is too long");
        rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
        const std::string_view name = leading_letters(rest);
        const unit* u = find_unit(name);
        if (rest.empty()) return refuse(text, "has no unit");
        if (u == nullptr) return refuse(text, "is not a duration");
        if (u->ns >= previous_unit) return refuse(text, "has its units in the wrong order");
        if (number > (longest - total) / u->ns) return refuse(text, "is too long");
        total += number * u->ns;
        previous_unit = u->ns;
        rest.remove_prefix(name.size());
    }
    return std::chrono::nanoseconds{static_cast<std::int64_t>(total)};
}

}  // namespace seki::primitives
