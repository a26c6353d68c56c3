#include "top/text.hpp"

#include <wchar.h>

#include <algorithm>

#include <fmt/format.h>

#include "primitives/utf8.hpp"

namespace seki::ctl::top {
namespace {

constexpr std::size_t name_width = 22;

int width_of(std::uint32_t code) { return code < 0x80 ? 1 : ::wcwidth(static_cast<wchar_t>(code)); }

constexpr bool is_obeyed(std::uint32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

// As much of it as fits: never half a character.
std::string cut(std::string_view text, std::size_t columns) {
    std::string out;
    std::size_t used = 0;
    bool full = false;
    primitives::each_character(
        text,
        [&](std::string_view bytes, std::uint32_t code) {
            const auto wide = static_cast<std::size_t>(std::max(width_of(code), 0));
            full = full || used + wide > columns;
            if (full) return;
            out += bytes;
            used += wide;
        },
        [] {});
    return out;
}

std::string padded(const std::string& text, std::size_t columns, side at) {
    const std::size_t has = columns_of(text);
    const std::string blanks(columns > has ? columns - has : 0, ' ');
    return at == side::left ? text + blanks : blanks + text;
}

}  // namespace

std::string line::text() const {
    std::string all;
    for (const piece& each : pieces) all += each.text;
    return all;
}

std::string printable(std::string_view text, charset with) {
    std::string out;
    primitives::each_character(
        text,
        [&](std::string_view bytes, std::uint32_t code) {
            if (is_obeyed(code))
                out += '?';
            else if (code >= 0x80 && (with == charset::ascii || width_of(code) < 0))
                out += fmt::format("\\u{{{:04x}}}", code);
            else
                out += bytes;
        },
        [&] { out += '?'; });
    return out;
}

std::size_t columns_of(std::string_view text) {
    std::size_t sum = 0;
    primitives::each_character(
        text,
        [&](std::string_view, std::uint32_t code) { sum += static_cast<std::size_t>(std::max(width_of(code), 0)); },
        [] {});
    return sum;
}

std::string fit(std::string_view text, std::size_t columns, charset with, side at) {
    const std::string whole = printable(text, with);
    if (columns_of(whole) <= columns) return padded(whole, columns, at);
    if (columns == 0) return {};
    return padded(cut(whole, columns - 1) + (with == charset::unicode ? "…" : "~"), columns, side::left);
}

line fit(const line& whole, std::size_t columns, charset with) {
    line fitted{.chosen = whole.chosen};
    std::size_t left = columns;
    for (const piece& each : whole.pieces) {
        const std::string shown = cut(printable(each.text, with), left);
        left -= columns_of(shown);
        fitted.add(shown, each.as);
    }
    return fitted.add(std::string(left, ' '));
}

std::vector<std::string> wrap(std::string_view text, std::size_t columns, charset with) {
    std::vector<std::string> out;
    const std::string whole = printable(text, with);
    const std::size_t width = std::max<std::size_t>(columns, 2);  // a character may take two
    for (std::string_view rest = whole; !rest.empty();) {         // ends: each line takes a character at least
        std::size_t taken = cut(rest, width).size();
        if (const std::size_t blank = rest.rfind(' ', taken); taken < rest.size() && blank != rest.npos && blank != 0)
            taken = blank;
        out.emplace_back(rest.substr(0, taken));
        rest.remove_prefix(std::min(rest.find_first_not_of(' ', taken), rest.size()));
    }
    return out;
}

void add_entry(lines& to, std::string_view name, std::string_view said, std::size_t columns, charset with) {
    const std::size_t beside = std::min<std::size_t>(name_width, columns / 2);
    std::string_view before = name;
    for (const std::string& each : wrap(said, columns - beside - 1, with)) {
        line next;
        next.add(fit(before, beside, with) + " ", look::faint).add(each);
        to.push_back(std::move(next));
        before = {};
    }
}

}  // namespace seki::ctl::top
