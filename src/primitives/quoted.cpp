#include "primitives/quoted.hpp"

#include <cstdint>

#include <fmt/format.h>

#include "primitives/printable.hpp"
#include "primitives/utf8.hpp"

namespace seki::primitives {
namespace {

constexpr std::size_t longest_shown = 80;

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

// Of what is no control character: those that turn the direction of a line, or break it, or show nothing.
constexpr bool is_shown(std::uint32_t code) noexcept {
    const auto within = [code](std::uint32_t first, std::uint32_t last) { return code >= first && code <= last; };
    return code >= 0x20 && !within(0x7f, 0xa0) && code != 0xad && code != 0x61c && !within(0x180b, 0x180f) &&
           !within(0x2000, 0x200f) && !within(0x2028, 0x202f) && !within(0x205f, 0x206f) && code != 0x3000 &&
           !within(0xe000, 0xf8ff) && !within(0xfe00, 0xfe0f) && code != 0xfeff && !within(0xfff0, 0xfffb) &&
           code < 0xe0000;
}

// By hand: fmt has a format for this, and in a process with a library that brings an older copy of fmt, as Debian's spdlog does, that copy's takes its place, which
// aborts at a character that is cut off.
void append_escaped(std::string& to, std::string_view text, bool within_quotes) {
    std::string_view rest = text;
    while (!rest.empty()) {
        const character next = first_of(rest);
        const std::size_t length = next.length == 0 ? 1 : next.length;
        const std::string_view bytes = rest.substr(0, length);
        rest.remove_prefix(length);
        if (next.length == 0)
            to += fmt::format("\\x{:02x}", byte_at(bytes, 0));
        else if (within_quotes && (next.code == '"' || next.code == '\\'))
            (to += '\\') += bytes;
        else if (next.code == '\n')
            to += "\\n";
        else if (next.code == '\r')
            to += "\\r";
        else if (next.code == '\t')
            to += "\\t";
        else if (is_shown(next.code))
            to += bytes;
        else if (next.code < 0x100)
            to += fmt::format("\\x{:02x}", next.code);
        else if (next.code < 0x10000)
            to += fmt::format("\\u{:04x}", next.code);
        else
            to += fmt::format("\\U{:08x}", next.code);
    }
}

}  // namespace

std::string quoted(std::string_view text) {
    std::size_t length = text.size();
    if (length > longest_shown) {
        length = longest_shown;
        for (int back = 0; back < 3 && continues_character(text[length]); ++back) --length;
    }
    std::string shown = "\"";
    append_escaped(shown, text.substr(0, length), true);
    shown += length < text.size() ? "...\"" : "\"";
    return shown;
}

std::string printable(std::string_view text) {
    std::string shown;
    append_escaped(shown, text, false);
    return shown;
}

}  // namespace seki::primitives
