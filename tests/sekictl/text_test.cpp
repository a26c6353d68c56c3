// Text that must take exactly the columns it says, whatever is in it.
#include "top/text.hpp"

#include <clocale>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/seed.hpp"

namespace seki::ctl::top {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

class Text : public ::testing::Test {
protected:
    // What is as wide as two, the locale knows.
    Text() {
        EXPECT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr);
    }  // NOLINT(concurrency-mt-unsafe): there is one thread
};

// Fails when something is cut without a mark, or padded on the wrong side.
TEST_F(Text, IsCutWithAMarkAndPaddedOnTheOtherSide) {
    EXPECT_EQ(fit("login", 8, charset::unicode), "login   ");
    EXPECT_EQ(fit("1234", 8, charset::unicode, side::right), "    1234");
    EXPECT_EQ(fit("payments", 8, charset::unicode), "payments");
    EXPECT_EQ(fit("payments", 5, charset::unicode), "paym…");
    EXPECT_EQ(fit("payments", 5, charset::ascii), "paym~");
    EXPECT_EQ(fit("payments", 0, charset::ascii), "");
}

// Fails when a character of two columns is counted as one, or half of one is shown.
TEST_F(Text, CharactersOfTwoColumnsAreNotHalved) {
    EXPECT_EQ(columns_of("門番"), 4U);
    EXPECT_EQ(fit("門番", 4, charset::unicode), "門番");
    EXPECT_EQ(fit("門番", 3, charset::unicode), "門…");
    EXPECT_EQ(fit("門番門", 4, charset::unicode), "門… ");
}

// Fails when a terminal would obey a byte, or would be sent what its locale does not have.
TEST_F(Text, WhatCannotBeShownIsSpelledOut) {
    EXPECT_EQ(printable("a\x1b[31m\x7f\xc2\x9b\xff", charset::unicode), "a?[31m???");
    EXPECT_EQ(printable("schlüssel", charset::ascii), "schl\\u{00fc}ssel");
    EXPECT_EQ(printable("\xee\x80\x80\xf3\xa0\x80\x82", charset::unicode).find('\x1b'), std::string::npos);
}

// Fails when a line is not as wide as the screen, for any bytes at all.
TEST_F(Text, ALineIsAsWideAsTheScreenWhateverIsInIt) {
    std::mt19937_64 random{test::seed_or(7)};
    for (int round = 0; round < 2000; ++round) {
        std::string bytes(random() % 40, ' ');
        for (char& each : bytes) each = static_cast<char>(random());
        line some;
        some.add(bytes).add("門番").add(bytes);
        for (const charset with : {charset::ascii, charset::unicode}) {
            const std::size_t columns = random() % 60;
            EXPECT_EQ(columns_of(fit(some, columns, with).text()), columns) << bytes;
            EXPECT_EQ(columns_of(fit(bytes, columns, with)), columns) << bytes;
        }
    }
}

// Fails when words are lost, broken without need, or a line is too long.
TEST_F(Text, IsBrokenAtBlanks) {
    EXPECT_THAT(wrap("so many callers wait", 8, charset::ascii), ElementsAre("so many", "callers", "wait"));
    EXPECT_THAT(wrap("abcdefghij kl", 4, charset::ascii), ElementsAre("abcd", "efgh", "ij", "kl"));
    EXPECT_THAT(wrap("", 8, charset::ascii), ElementsAre());
    EXPECT_THAT(wrap("門番門番", 1, charset::unicode), ElementsAre("門", "番", "門", "番"));
    EXPECT_THAT(wrap("    ", 2, charset::ascii), Each(::testing::SizeIs(::testing::Le(2U))));
}

// Fails when what belongs to a name does not stand beside it, or a name is told twice.
TEST_F(Text, AnEntryGoesOnBelowItself) {
    lines to;
    add_entry(to, "parts", "limiter login, breaker payments", 30, charset::ascii);
    ASSERT_EQ(to.size(), 3U);
    EXPECT_EQ(to[0].text(), "parts           limiter login,");
    EXPECT_EQ(to[1].text(), "                breaker");
    EXPECT_EQ(to[2].text(), "                payments");
}

}  // namespace
}  // namespace seki::ctl::top
