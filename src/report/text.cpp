#include "report/text.hpp"

#include <fmt/format.h>

#include "primitives/utf8.hpp"

namespace seki::report {
namespace {

using primitives::each_character;

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

// What a terminal would obey, or a reader not see: C0, DEL, C1, line and paragraph separators, and marks of writing direction.
constexpr bool is_control(std::uint32_t code) noexcept {
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x061C || (code >= 0x200B && code <= 0x200F) ||
           (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF;
}

void append_for_terminal(std::string& out, std::string_view bytes, std::uint32_t code) {
    if (code == '\\')
        out += "\\\\";
    else if (!is_control(code))
        out += bytes;
    else if (code < 0x100)
        out += fmt::format("\\x{:02x}", code);
    else
        out += fmt::format("\\u{{{:04x}}}", code);
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
    bool all = true;
    each_character(text, [](std::string_view, std::uint32_t) {}, [&] { all = false; });
    return all;
}

std::string valid_utf8(std::string_view text) {
    std::string out;
    each_character(text, [&](std::string_view bytes, std::uint32_t) { out += bytes; }, [&] { out += replacement; });
    return out;
}

std::string for_terminal(std::string_view text) {
    std::string out;
    each_character(
        text, [&](std::string_view bytes, std::uint32_t code) { append_for_terminal(out, bytes, code); },
        [&] { out += replacement; });
    return out;
}

std::string_view whole_characters(std::string_view text) noexcept {
    for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back)
        if (primitives::first_of(text.substr(text.size() - back)).cut) return text.substr(0, text.size() - back);
    return text;
}

std::string hex(std::uint64_t number) { return fmt::format("{:016x}", number); }

std::string hex(std::string_view bytes) {
    std::string out;
    for (const char byte : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    return out;
}

}  // namespace seki::report
