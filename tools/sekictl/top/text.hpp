// A screen as text with a look, before any terminal is asked: lines of pieces, and how many columns each takes.
//
// Texts from a segment come here through report::for_terminal. What a terminal of this locale cannot show is spelled out here, so whatever
// is fitted takes the columns it says, and nothing of it is obeyed by a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seki::ctl::top {

enum class charset : std::uint8_t { ascii, unicode };

enum class look : std::uint8_t { plain, faint, heading, good, warning, alarm };

struct piece {
    std::string text;
    look as = look::plain;
};

struct line {
    std::vector<piece> pieces{};
    bool chosen = false;  // the one that Enter opens

    line& add(std::string text, look as = look::plain) {
        pieces.push_back({std::move(text), as});
        return *this;
    }
    [[nodiscard]] std::string text() const;
};
using lines = std::vector<line>;

// What cannot be shown is spelled \u{NNNN}; a byte of no character, or one that would be obeyed, is a question mark.
[[nodiscard]] std::string printable(std::string_view text, charset with);
// Of printable text, by the locale's wcwidth().
[[nodiscard]] std::size_t columns_of(std::string_view text);

enum class side : std::uint8_t { left, right };

// Exactly so many columns: padded on the other side, or cut with a mark that says so.
[[nodiscard]] std::string fit(std::string_view text, std::size_t columns, charset with, side at = side::left);
// The same for a line; what is cut of it leaves no mark.
[[nodiscard]] line fit(const line& whole, std::size_t columns, charset with);

// In lines of so many columns at most, broken at blanks; a word that is longer is broken too.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t columns, charset with);
// A name in front, and what there is to say of it beside it, on as many lines as that takes.
void add_entry(lines& to, std::string_view name, std::string_view said, std::size_t columns, charset with);

}  // namespace seki::ctl::top
