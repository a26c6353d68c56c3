// How text that may hold any bytes is shown in messages, and where its characters end.
#include "primitives/quoted.hpp"

#include <array>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "primitives/utf8.hpp"

namespace seki::primitives {
namespace {

// Table 3-7 of the Unicode standard: which bytes make a character.
struct well_formed {
    unsigned char lead_from, lead_to, second_from, second_to;
    std::size_t length;
};
constexpr std::array<well_formed, 9> table{{{0x00, 0x7f, 0x80, 0xbf, 1},
                                            {0xc2, 0xdf, 0x80, 0xbf, 2},
                                            {0xe0, 0xe0, 0xa0, 0xbf, 3},
                                            {0xe1, 0xec, 0x80, 0xbf, 3},
                                            {0xed, 0xed, 0x80, 0x9f, 3},
                                            {0xee, 0xef, 0x80, 0xbf, 3},
                                            {0xf0, 0xf0, 0x90, 0xbf, 4},
                                            {0xf1, 0xf3, 0x80, 0xbf, 4},
                                            {0xf4, 0xf4, 0x80, 0x8f, 4}}};

unsigned char at(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }
bool within(unsigned char byte, unsigned char from, unsigned char to) { return byte >= from && byte <= to; }

std::optional<well_formed> row_of(std::string_view text) {
    for (const well_formed& each : table)
        if (within(at(text, 0), each.lead_from, each.lead_to)) return each;
    return std::nullopt;
}

character expected(std::string_view text) {
    const auto row = row_of(text);
    if (!row) return {};
    std::uint32_t code = row->length == 1 ? at(text, 0) : at(text, 0) % (1U << (7 - row->length));
    for (std::size_t i = 1; i < row->length; ++i) {
        if (i == text.size()) return {.cut = true};
        if (!within(at(text, i), 0x80, 0xbf)) return {};
        code = 64 * code + at(text, i) % 64;
    }
    if (row->length > 1 && !within(at(text, 1), row->second_from, row->second_to)) return {};
    return {.code = code, .length = row->length};
}

std::string utf8(std::uint32_t code) {
    const auto byte = [](std::uint32_t bits) { return static_cast<char>(bits); };
    if (code < 0x80) return {byte(code)};
    if (code < 0x800) return {byte(0xc0 | code >> 6), byte(0x80 | (code & 63))};
    if (code < 0x10000) return {byte(0xe0 | code >> 12), byte(0x80 | (code >> 6 & 63)), byte(0x80 | (code & 63))};
    return {byte(0xf0 | code >> 18), byte(0x80 | (code >> 12 & 63)), byte(0x80 | (code >> 6 & 63)),
            byte(0x80 | (code & 63))};
}

// Fails if bytes are taken for a character that are none, are refused as one, or as one that was cut off, or give another code.
TEST(Characters, AreThoseOfTheStandard) {
    const std::string bytes =
        "\x01\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xdf\xe0\xe1\xec\xed\xee\xef\xf0\xf1\xf3\xf4\xf5\xff";
    for (const char first : bytes)
        for (const char second : bytes)
            for (const char third : bytes)
                for (const char fourth : {'\x7f', '\x80', '\xbf', '\xc0'}) {
                    const std::string all{first, second, third, fourth};
                    for (std::size_t length = 1; length <= all.size(); ++length) {
                        const std::string_view text = std::string_view{all}.substr(0, length);
                        const character found = first_of(text), wanted = expected(text);
                        ASSERT_EQ(found.code, wanted.code) << quoted(text);
                        ASSERT_EQ(found.length, wanted.length) << quoted(text);
                        ASSERT_EQ(found.cut, wanted.cut) << quoted(text);
                    }
                }
}

// Fails if a byte that belongs to none takes another with it, or one is told twice.
TEST(Characters, AreToldOneByOne) {
    std::vector<std::pair<std::string, std::uint32_t>> good;
    int bad = 0;
    each_character(
        "a\xe2\x82\xac\x80\xe2\x82z",
        [&](std::string_view bytes, std::uint32_t code) { good.emplace_back(bytes, code); }, [&] { ++bad; });
    EXPECT_EQ(good, (decltype(good){{"a", 'a'}, {"\xe2\x82\xac", 0x20ac}, {"z", 'z'}}));
    EXPECT_EQ(bad, 3);
}

// Of a std::string, the standard's would be found.
std::string shown(std::string_view text) { return quoted(text); }

std::string escaped(std::uint32_t code) {
    std::array<char, 16> text{};
    const char* const form = code < 0x100 ? "\\x%02x" : code < 0x10000 ? "\\u%04x" : "\\U%08x";
    (void)std::snprintf(text.data(), text.size(), form, code);
    return text.data();
}

// Fails if what shows nothing, or turns a line round, is shown as it is, or a letter is not.
TEST(Quoted, WhatCannotBeSeenIsSpelled) {
    using ranges = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
    const ranges hidden{{0x00, 0x1f},     {0x7f, 0xa0},     {0xad, 0xad},     {0x61c, 0x61c},     {0x180b, 0x180f},
                        {0x2000, 0x200f}, {0x2028, 0x202f}, {0x205f, 0x206f}, {0x3000, 0x3000},   {0xe000, 0xf8ff},
                        {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xfff0, 0xfffb}, {0xe0000, 0x10ffff}};
    for (const auto& [first, last] : hidden) {
        for (const std::uint32_t code : {first, last}) EXPECT_EQ(shown(utf8(code)), '"' + escaped(code) + '"');
        // Below 0xe000 are the surrogates, which are no characters.
        if (first > 0 && first != 0xe000) {
            EXPECT_EQ(shown(utf8(first - 1)), '"' + utf8(first - 1) + '"');
        }
        if (last < 0x10ffff) {
            EXPECT_EQ(shown(utf8(last + 1)), '"' + utf8(last + 1) + '"');
        }
    }
    EXPECT_EQ(shown("a\nb\rc\td\\e\"f"), R"("a\nb\rc\td\\e\"f")");
    EXPECT_EQ(shown("\xff\xe2\x82"), R"("\xff\xe2\x82")");
    EXPECT_EQ(shown(""), R"("")");
}

// Fails if a long text is shown whole, a short one is not, or a character is cut in two.
TEST(Quoted, LongTextsAreCutBetweenCharacters) {
    const std::string longest(80, 'x');
    EXPECT_EQ(shown(longest), '"' + longest + '"');
    EXPECT_EQ(shown(longest + 'y'), '"' + longest + "...\"");
    for (const std::uint32_t code : {0xe9U, 0x20acU, 0x1f600U}) {
        const std::string letter = utf8(code);
        for (std::size_t before = 80 - letter.size(); before <= 80; ++before) {
            const std::string fits(before, 'x');
            const std::string more = letter + std::string(80, 'z');
            const bool whole = before + letter.size() <= 80;
            const std::string wanted = whole ? fits + letter + std::string(80 - before - letter.size(), 'z') : fits;
            EXPECT_EQ(shown(fits + more), '"' + wanted + "...\"") << before;
        }
    }
    const std::string longer = longest + '\x80';
    EXPECT_EQ(shown(std::string_view{longer}.substr(0, 80)), '"' + longest + '"')
        << "what stands behind it is not its own";
    // Of what is no character at all, three bytes are gone back and no more.
    EXPECT_EQ(shown(longest + std::string(4, '\x80')), '"' + longest.substr(1) + "...\"");
    std::string seven;
    for (int i = 0; i < 7; ++i) seven += "\\x80";
    const std::string before(70, 'x');
    EXPECT_EQ(shown(before + std::string(20, '\x80')), '"' + before + seven + "...\"");
}

}  // namespace
}  // namespace seki::primitives
