// Text from a segment, made fit for terminals and JSON.
#include "report/text.hpp"

#include <gtest/gtest.h>

namespace seki::report {
namespace {

using namespace std::string_literals;

// Fails when a byte that belongs to no character gets through, or one that does is lost.
TEST(ValidUtf8, ReplacesEachByteThatBelongsToNoCharacter) {
    EXPECT_EQ(valid_utf8("plain"), "plain");
    EXPECT_EQ(valid_utf8("grüße €𝄞"), "grüße €𝄞");
    EXPECT_EQ(valid_utf8("a\xFFz"), "a\uFFFDz");
    EXPECT_EQ(valid_utf8("\xC3"), "\uFFFD");
    EXPECT_EQ(valid_utf8("\xE2\x82"), "\uFFFD\uFFFD");
    EXPECT_EQ(valid_utf8("\x80\x80"), "\uFFFD\uFFFD");
}

// Fails when a second spelling of a character, a surrogate, or a number beyond Unicode is taken for a character.
TEST(ValidUtf8, RefusesOverlongFormsSurrogatesAndNumbersBeyondUnicode) {
    for (const auto* bad :
         {"\xC0\xAF", "\xE0\x80\xAF", "\xF0\x80\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF8\x88"})
        EXPECT_FALSE(is_utf8(bad)) << hex(std::string_view{bad});
    for (const auto* good :
         {"\x7F", "\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
        EXPECT_TRUE(is_utf8(good)) << hex(std::string_view{good});
}

// Fails when a key could colour a line, move the cursor, or hide what follows it.
TEST(ForTerminal, SpellsOutWhatATerminalWouldObey) {
    EXPECT_EQ(for_terminal("\x1b[31mred"), "\\x1b[31mred");
    EXPECT_EQ(for_terminal("a\0b\x7f"s), "a\\x00b\\x7f");
    EXPECT_EQ(for_terminal("\xC2\x9B"), "\\x9b");  // CSI of C1
    EXPECT_EQ(for_terminal("a\u202Eb"), "a\\u{202e}b");
    EXPECT_EQ(for_terminal("\\x1b"), "\\\\x1b");
    EXPECT_EQ(for_terminal("10.0.0.1 grüße"), "10.0.0.1 grüße");
    EXPECT_EQ(for_terminal("\xFE"), "\uFFFD");
}

// Fails when a cut key ends in half a character, or loses a whole one.
TEST(WholeCharacters, DropsOnlyWhatTheEndCutsInTwo) {
    EXPECT_EQ(whole_characters("abc"), "abc");
    EXPECT_EQ(whole_characters("ab\xC3"), "ab");
    EXPECT_EQ(whole_characters("ab\xE2\x82"), "ab");
    EXPECT_EQ(whole_characters("ab\xF0\x9D\x84"), "ab");
    EXPECT_EQ(whole_characters("ab€"), "ab€");
    EXPECT_EQ(whole_characters("ab\xFF"), "ab\xFF");
    EXPECT_EQ(whole_characters(""), "");
}

// Fails when leading zeros are lost: tags are compared as text.
TEST(Hex, KeepsItsWidth) {
    EXPECT_EQ(hex(std::uint64_t{0x1f}), "000000000000001f");
    EXPECT_EQ(hex("\x01\xff"), "01ff");
}

}  // namespace
}  // namespace seki::report
