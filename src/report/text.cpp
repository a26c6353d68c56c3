#include "report/text.hpp"

#include <array>

#include <fmt/format.h>

namespace seki::report {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

struct character {
    std::uint32_t code = 0;
    std::size_t length = 0;  // 0: the first byte begins no character
    bool cut = false;        // it might have, had there been more bytes
};

constexpr std::uint32_t byte_at(std::string_view text, std::size_t at) noexcept {
    return static_cast<unsigned char>(text[at]);
}

// Of the first byte: how many belong to the character; 0 when no character starts so.
constexpr std::size_t length_of(std::uint32_t lead) noexcept {
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead < 0xE0) return 2;
    if (lead >= 0xE0 && lead < 0xF0) return 3;
    if (lead >= 0xF0 && lead < 0xF5) return 4;
    return 0;
}

// Codes that a longer form than needed spells, surrogates, and those above U+10FFFF are none.
constexpr bool is_scalar(std::uint32_t code, std::size_t length) noexcept {
    constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
    return code >= least[length] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
}

// `text` is not empty.
constexpr character first_of(std::string_view text) noexcept {
    const std::uint32_t lead = byte_at(text, 0);
    const std::size_t length = length_of(lead);
    if (length == 0) return {};
    std::uint32_t code = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if (i == text.size()) return {.cut = true};
        const std::uint32_t next = byte_at(text, i);
        if ((next & 0xC0) != 0x80) return {};
        code = code << 6 | (next & 0x3F);
    }
    if (!is_scalar(code, length)) return {};
    return {.code = code, .length = length};
}

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

// Calls good(bytes, code) for each character and bad() for each byte that belongs to none.
template <class Good, class Bad>
void each_character(std::string_view text, Good good, Bad bad) {
    while (!text.empty()) {
        const character next = first_of(text);
        if (next.length == 0)
            bad();
        else
            good(text.substr(0, next.length), next.code);
        text.remove_prefix(next.length == 0 ? 1 : next.length);
    }
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
        if (first_of(text.substr(text.size() - back)).cut) return text.substr(0, text.size() - back);
    return text;
}

std::string hex(std::uint64_t number) { return fmt::format("{:016x}", number); }

std::string hex(std::string_view bytes) {
    std::string out;
    for (const char byte : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    return out;
}

}  // namespace seki::report
