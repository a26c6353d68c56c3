// The characters of a text that may hold any bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace seki::primitives {

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

}  // namespace seki::primitives
