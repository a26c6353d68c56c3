// What the answers of a collector mean.
#include "otlp/answer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

#include "support/seed.hpp"

namespace seki::otlp {
namespace {

// Fails when something is sent again that the protocol forbids to, or the other way round.
TEST(Answer, TheCodesThatTheProtocolNamesAreSentAgainAndNoOthers) {
    for (const long status : {0L, 429L, 502L, 503L, 504L}) EXPECT_EQ(judge({.status = status}).verdict, verdict::again);
    for (const long status : {200L, 202L, 204L}) EXPECT_EQ(judge({.status = status}).verdict, verdict::taken);
    for (const long status : {100L, 301L, 307L, 400L, 401L, 404L, 408L, 413L, 500L, 501L, 505L, 599L})
        EXPECT_EQ(judge({.status = status}).verdict, verdict::refused) << status;
}

// Fails when a partial success is overlooked, or the reason for it.
TEST(Answer, APartialSuccessSaysHowManyAndWhy) {
    const std::string body{
        "\x0a\x07\x08\x03\x12\x03"
        "odd",
        9};
    const judgement how = judge({.status = 200, .body = body});
    EXPECT_EQ(how.verdict, verdict::taken);
    EXPECT_EQ(how.rejected, 3U);
    EXPECT_EQ(how.why, "odd");
}

// Fails when a collector can play tricks on the terminal of who reads the log, or fill it.
TEST(Answer, WhatACollectorSaysIsMadeFitForALog) {
    const std::string long_one(1'000, 'x');
    const std::string body = "\x12\xe8\x07" + long_one;
    EXPECT_EQ(judge({.status = 400, .body = body}).why, "HTTP status 400: " + std::string(200, 'x'));
    EXPECT_EQ(judge({.status = 503, .body = "\x12\x03\x1b[2"}).why, "HTTP status 503: \\x1b[2");
    EXPECT_EQ(judge({.status = 502, .body = "<html>Bad Gateway</html>"}).why, "HTTP status 502");
}

// Fails when an answer of any bytes, of a proxy or of who attacks, ends the exporter or makes a number negative.
TEST(Answer, AnyBytesAreAnAnswer) {
    constexpr std::array<unsigned char, 8> likely{0x08, 0x0a, 0x12, 0x02, 0x05, 0xff, 0x01, 0x00};  // tags and lengths
    std::mt19937_64 random{test::seed_or(1)};
    for (int round = 0; round < 50'000; ++round) {
        std::string body(random() % 24, '\0');
        for (char& c : body)
            c = static_cast<char>(random() % 8 == 0 ? random() % 256 : likely[random() % likely.size()]);
        for (const long status : {200L, 400L}) {
            const judgement how = judge({.status = status, .body = body});
            EXPECT_LE(how.rejected, ~0ULL >> 1);
        }
    }
}

}  // namespace
}  // namespace seki::otlp
