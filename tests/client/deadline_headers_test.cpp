// Deadlines in headers: every value that they can have, and those that they cannot.
#include <array>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "client_fixture.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

using std::chrono::nanoseconds;
using wide = long double;  // 64 bits of mantissa: exact for what is compared here

// What a value means, read another way: the number in nanoseconds, before it is bounded.
std::optional<wide> number_of(const std::string& text, std::size_t most) {
    if (text.empty() || text.size() > most) return std::nullopt;
    wide number = 0;
    for (const char each : text) {
        const std::string digits = "0123456789";
        const auto at = digits.find(each);
        if (at == std::string::npos) return std::nullopt;
        number = number * 10 + static_cast<wide>(at);
    }
    return number;
}
std::optional<wide> remaining_by_the_book(const std::string& text) {
    const auto number = number_of(text, 12);
    return number ? std::optional{*number * 1e6L} : std::nullopt;
}
std::optional<wide> grpc_by_the_book(const std::string& text) {
    if (text.empty()) return std::nullopt;
    const auto number = number_of(text.substr(0, text.size() - 1), 8);
    if (!number) return std::nullopt;
    switch (text.back()) {
        case 'H': return *number * 3600e9L;
        case 'M': return *number * 60e9L;
        case 'S': return *number * 1e9L;
        case 'm': return *number * 1e6L;
        case 'u': return *number * 1e3L;
        case 'n': return *number;
        default: return std::nullopt;
    }
}

std::string shown(const std::string& text) {
    std::string bytes;
    for (const char each : text) bytes += std::to_string(static_cast<unsigned char>(each)) + " ";
    return "\"" + text + "\": " + bytes;
}

// Compares what both parsers say of a text with the book. What is refused changes nothing.
void compare(const std::string& text) {
    const auto one = [&](const Result<nanoseconds>& read, const Result<Deadline>& begun,
                         const std::optional<wide>& meant, std::string_view header) {
        ASSERT_EQ(read.has_value(), meant.has_value()) << header << " " << shown(text);
        ASSERT_EQ(begun.has_value(), meant.has_value()) << header << " " << shown(text);
        if (!meant) {
            ASSERT_EQ(read.error().code, Errc::invalid_argument);
            ASSERT_TRUE(read.error().message.starts_with(header)) << read.error().message;
            ASSERT_EQ(begun.error().message, read.error().message);
            return;
        }
        const wide most = static_cast<wide>(std::numeric_limits<std::int64_t>::max());
        ASSERT_EQ(static_cast<wide>(read->count()), std::min(*meant, most)) << header << " " << shown(text);
    };
    one(Deadline::parse_remaining(text), Deadline::from_remaining(text), remaining_by_the_book(text),
        Deadline::remaining_header);
    one(Deadline::parse_grpc_timeout(text), Deadline::from_grpc_timeout(text), grpc_by_the_book(text),
        Deadline::grpc_timeout_header);
    ASSERT_EQ(Deadline::current(), Deadline::none);
}

// Fails if any value of up to two bytes is taken for what it is not, or refused though it is one.
TEST(DeadlineHeaders, EveryValueOfUpToTwoBytesIsReadByTheBook) {
    compare("");
    for (int first = 0; first < 256; ++first) {
        compare({static_cast<char>(first)});
        for (int second = 0; second < 256; ++second) {
            compare({static_cast<char>(first), static_cast<char>(second)});
            if (HasFatalFailure()) return;
        }
    }
}

// Fails if a longer one is, at the edges: too many digits, signs, spaces, points, other bases, two units, units in the wrong case, zeros in front.
TEST(DeadlineHeaders, MalformedValuesAreErrors) {
    std::vector<std::string> values{"-1",
                                    "+1",
                                    " 1",
                                    "1 ",
                                    "1.5",
                                    "1e3",
                                    "0x10",
                                    "1,000",
                                    "-1S",
                                    "+1S",
                                    " 1S",
                                    "1S ",
                                    "1 S",
                                    "1.5S",
                                    "1e3S",
                                    "0x1S",
                                    "1SS",
                                    "1s",
                                    "1h",
                                    "1U",
                                    "1N",
                                    "1ms",
                                    "1us",
                                    "S",
                                    "S1",
                                    "1d",
                                    "infinite",
                                    "never",
                                    "99999999H",
                                    "5124096H",
                                    "2562048H",
                                    "2562047H",
                                    "99999999n",
                                    "100000000H",
                                    "000000001S",
                                    "00000001S",
                                    "999999999999",
                                    "1000000000000",
                                    "0000000000001",
                                    "000000000000",
                                    "18446744073709551616",
                                    "9223372036854775808S",
                                    "\xef\xbc\x91S",
                                    "1S,2S",
                                    "1\n",
                                    "1S\n",
                                    "1S\r\n",
                                    std::string{"1\0S", 3},
                                    std::string{"1S\0", 3},
                                    std::string(4096, '1')};
    for (const std::string& value : values) compare(value);
}

// Fails if some value that nobody thought of is read otherwise than by the book.
TEST(DeadlineHeaders, RandomValuesAreReadByTheBook) {
    std::mt19937_64 random{seed_or(20'261'126)};
    const std::string likely = "0123456789HSMmun0123456789 -+.e";
    for (int i = 0; i < 200'000 && !testing::Test::HasFatalFailure(); ++i) {
        std::string text(random() % 15, '0');
        for (char& each : text) each = likely[random() % (random() % 4 != 0 ? 10 : likely.size())];
        if (random() % 2 == 0) text += likely[10 + random() % 6];
        compare(text);
    }
}

// Fails if a header that is made cannot be read, says more than is left, or much less.
TEST(DeadlineHeaders, WhatIsWrittenIsReadBackAndNeverMore) {
    std::mt19937_64 random{seed_or(20'261'126)};
    for (int i = 0; i < 100'000; ++i) {
        const nanoseconds left{static_cast<std::int64_t>(random() >> (1 + random() % 63))};
        const auto milliseconds = Deadline::parse_remaining(Deadline::format_remaining(left));
        ASSERT_TRUE(milliseconds) << left.count();
        ASSERT_LE(*milliseconds, left);
        if (left < 31 * 365 * 24h) {
            ASSERT_GT(*milliseconds, left - 1ms) << left.count();
        }
        const auto grpc = Deadline::parse_grpc_timeout(Deadline::format_grpc_timeout(left));
        ASSERT_TRUE(grpc) << left.count();
        ASSERT_LE(*grpc, std::max(left, 1ns));
        ASSERT_GE(grpc->count(), left.count() - left.count() / 99'999 - 1) << Deadline::format_grpc_timeout(left);
    }
}

// Fails if a value at an edge is written otherwise than documented.
TEST(DeadlineHeaders, EdgesAreWrittenAsDocumented) {
    EXPECT_EQ(Deadline::format_remaining(1500ms), "1500");
    EXPECT_EQ(Deadline::format_remaining(999'999ns), "0");
    EXPECT_EQ(Deadline::format_remaining(-1s), "0");
    EXPECT_EQ(Deadline::format_remaining(never), "999999999999");
    EXPECT_EQ(Deadline::format_grpc_timeout(1500ms), "1500000u");
    EXPECT_EQ(Deadline::format_grpc_timeout(99'999'999ns), "99999999n");
    EXPECT_EQ(Deadline::format_grpc_timeout(100'000'000ns), "100000u");
    EXPECT_EQ(Deadline::format_grpc_timeout(0ns), "1n");
    EXPECT_EQ(Deadline::format_grpc_timeout(nanoseconds::min()), "1n");
    EXPECT_EQ(Deadline::format_grpc_timeout(never), "2562047H");
}

// Fails if a header begins another deadline than it says, or outlasts its scope.
TEST(DeadlineHeaders, AValidHeaderIsADeadlineForItsScope) {
    {
        const auto from = Deadline::from_remaining("3600000");
        ASSERT_TRUE(from);
        EXPECT_LE(Deadline::remaining(), 1h);
        EXPECT_GT(Deadline::remaining(), 30min);
        const auto tighter = Deadline::from_grpc_timeout("10M");
        ASSERT_TRUE(tighter);
        EXPECT_LE(Deadline::remaining(), 10min);
        const auto wrong = Deadline::from_grpc_timeout("-10M");
        ASSERT_FALSE(wrong);
        EXPECT_LE(Deadline::remaining(), 10min);
        EXPECT_GT(Deadline::remaining(), 5min);
        const auto over = Deadline::from_remaining("0");
        ASSERT_TRUE(over);
        EXPECT_TRUE(Deadline::exceeded());
    }
    EXPECT_EQ(Deadline::current(), Deadline::none);
}

}  // namespace
}  // namespace seki::test
