#include "client/health_text.hpp"

#include <charconv>
#include <limits>

namespace seki::client {
namespace {

// What follows `prefix` on the first line that begins with it.
std::optional<std::string_view> line_after(std::string_view text, std::string_view prefix) {
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        if (line.starts_with(prefix)) return line.substr(prefix.size());
        text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    return std::nullopt;
}

template <class Number>
std::optional<Number> first_number(std::string_view text, std::string_view ends_with) {
    Number number{};
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc{}) return std::nullopt;
    const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
    if (!rest.starts_with(ends_with)) return std::nullopt;
    return number;
}

}  // namespace

std::optional<double> some_avg10(std::string_view text) {
    const auto rest = line_after(text, "some avg10=");
    const auto percent = rest ? first_number<double>(*rest, " ") : std::nullopt;
    return percent && *percent >= 0 && *percent <= 100 ? percent : std::nullopt;
}

std::optional<std::uint64_t> open_files_limit(std::string_view text) {
    auto rest = line_after(text, "Max open files ");
    if (!rest) return std::nullopt;
    rest->remove_prefix(std::min(rest->find_first_not_of(' '), rest->size()));
    if (rest->starts_with("unlimited ")) return std::numeric_limits<std::uint64_t>::max();
    return first_number<std::uint64_t>(*rest, " ");
}

std::string unified_group(std::string_view text) {
    const auto path = line_after(text, "0::");
    if (!path || !path->starts_with('/') || path->find("..") != path->npos) return {};
    return std::string{*path};
}

}  // namespace seki::client
