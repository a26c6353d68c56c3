// Whole screens, of any size and of anything that may stand in a segment.
#include "top/frame.hpp"

#include <clocale>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "snapshots.hpp"
#include "support/seed.hpp"

namespace seki::ctl::top {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class Frame : public ::testing::Test {
protected:
    Frame() {
        EXPECT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr);  // NOLINT(concurrency-mt-unsafe): there is one thread
        from_.all.segment.path = "/run/seki/default.seg";
        from_.clock = "12:34:56";
        from_.all.limiters = {limiter("login", 0, 0)};
        from_.all.breakers = {breaker("payments", BreakerState::open)};
        from_.all.bulkheads = {bulkhead("database", 7, 10)};
        const report::holding seven{.kind = layout::kind::bulkhead, .name = "database", .permits = 7};
        from_.all.processes = {worker(0, 4711, "gunicorn", {seven}), worker(1, 42, "nginx")};
        from_.past.add(from_.all, 1s);
        from_.all.limiters = {limiter("login", 30, 10)};
        from_.past.add(from_.all, 2s);
        from_.busiest = {{.tag = 1, .text = "alice", .limit = 5, .remaining = 0, .allowed = 30, .denied = 10}};
    }

    [[nodiscard]] std::vector<std::string> shown(extent size) {
        std::vector<std::string> out;
        for (const line& each : draw(from_, by_, size)) out.push_back(each.text());
        return out;
    }
    [[nodiscard]] std::string all(extent size) {
        std::string out;
        for (const std::string& each : shown(size)) out += each + "\n";
        return out;
    }

    scene from_;
    controls by_;
};

// Fails when a column shows what belongs into another, or the line of another primitive.
TEST_F(Frame, AHundredColumnsShowEverything) {
    const auto lines = shown({100, 10});
    EXPECT_THAT(lines.at(0), HasSubstr("/run/seki/default.seg"));
    EXPECT_TRUE(lines[0].ends_with(" 12:34:56"));
    EXPECT_THAT(lines[1], HasSubstr("40 calls/s, 10 denied/s; 2 processes, 2 threads; no sekid"));
    EXPECT_THAT(lines[2], HasSubstr("  KIND     NAME     STATE         CALLS/s DENIED/s IN USE"));
    EXPECT_THAT(lines[3], HasSubstr("> limiter  login    enforce            40       10 ░░░░░░░░░░░░ 0/100"));
    EXPECT_TRUE(lines[3].ends_with("█")) << lines[3];
    EXPECT_THAT(lines[4], HasSubstr("  bulkhead database free                0        0 ████████░░░░ 7/10"));
    EXPECT_THAT(lines[5], HasSubstr("  breaker  payments open                0        0 ███░░░░░░░░░ 25%"));
    EXPECT_THAT(lines[9], HasSubstr("? help  q quit  s sort: denied  / filter  Enter open"));
}

// Fails when on a small screen a name, a state or a rate gives way to something of less worth.
TEST_F(Frame, FortyByTwelveShowWhatMatters) {
    from_.with = charset::ascii;
    const auto lines = shown({40, 12});
    EXPECT_EQ(lines.size(), 12U);
    EXPECT_EQ(lines.at(2), "  NAME     STATE        CALLS/s DENIED/s");
    EXPECT_EQ(lines[3], "> login    enforce           40       10");
    EXPECT_EQ(lines[11], "? help  q quit  s sort: denied  / filter");
}

// Fails when the chosen primitive is not the one that is opened, or its keys, its holders, its state or its options are missing.
TEST_F(Frame, WhatIsOpenedShowsItsKeysAndHolders) {
    by_.opened = "limiter login";
    EXPECT_THAT(all({80, 60}), HasSubstr("BUSIEST"));
    EXPECT_THAT(all({80, 60}), HasSubstr("alice"));
    EXPECT_THAT(all({80, 60}), HasSubstr("allowed                30 (cost 0)"));
    EXPECT_THAT(all({80, 60}), HasSubstr("max_keys               100"));
    by_.opened = "bulkhead database";
    EXPECT_THAT(all({80, 60}), HasSubstr("4711 gunicorn          7 of database"));
    by_.opened = "bulkhead cache";
    EXPECT_THAT(all({80, 60}), HasSubstr("there is none any more"));
    by_.shown = controls::list::workers;
    by_.opened = "0 4711";
    EXPECT_THAT(all({80, 60}), HasSubstr("process 4711  gunicorn"));
    by_.opened = "0 4712";
    EXPECT_THAT(all({80, 60}), HasSubstr("there is none any more"));
}

// Fails when who looks at an old screen is not told so.
TEST_F(Frame, TroubleAndPauseAreSaid) {
    from_.trouble = "gone since 12:00:00\x1b[2J";
    by_.paused = true;
    EXPECT_THAT(all({40, 12}), HasSubstr("PAUSED 12:34:56"));
    EXPECT_THAT(all({40, 12}), HasSubstr("gone since 12:00:00\\x1b[2J"));
    EXPECT_THAT(all({40, 12}), Not(HasSubstr("calls/s")));
    EXPECT_THAT(all({100, 12}), HasSubstr("p go on"));
}

// Fails when a page cannot be read to its end, or goes on behind it.
TEST_F(Frame, APageScrollsToItsEndAndNoFurther) {
    by_.helps = true;
    by_.scrolled = 1'000'000;
    EXPECT_THAT(shown({40, 12}).at(10), HasSubstr("latency"));
    EXPECT_LT(by_.scrolled, 100U);
    by_.scrolled = 5;
    EXPECT_THAT(shown({200, 60}).at(2), HasSubstr("Keys"));
}

// Fails when for some size, choice or bytes a line is not as wide as the screen, there are not as many as it has rows, or a terminal would obey
// one; or when it crashes, which sanitizers see.
TEST_F(Frame, EveryScreenIsFilledWhateverIsShownOnIt) {
    std::mt19937_64 random{test::seed_or(11)};
    const auto text = [&] {
        std::string bytes(random() % 70, ' ');
        for (char& each : bytes) each = static_cast<char>(random());
        return bytes;
    };
    for (int round = 0; round < 400; ++round) {
        from_.all.limiters = {limiter(text(), random(), random(), random() % 2), limiter("login", random(), 0)};
        from_.all.breakers = {breaker(text(), static_cast<BreakerState>(random() % 6))};
        from_.all.bulkheads = {bulkhead(text(), random(), random() % 3)};
        from_.all.policies.resize(1);
        from_.all.policies[0].options.limiter = text();
        const report::holding holding{
            .kind = layout::kind::bulkhead, .name = text(), .permits = random(), .waiting = 1, .probes = 1};
        from_.all.processes = {worker(0, random(), text(), {holding})};
        from_.busiest = {
            {.tag = random(), .text = text(), .limit = random(), .remaining = random(), .allowed = random()}};
        from_.trouble = random() % 4 == 0 ? text() : "";
        from_.past.add(from_.all, std::chrono::nanoseconds{round * static_cast<std::int64_t>(random() % 3)});
        from_.with = random() % 2 == 0 ? charset::ascii : charset::unicode;
        by_.shown = static_cast<controls::list>(random() % 2);
        by_.filter = random() % 3 == 0 ? text() : "";
        by_.helps = random() % 8 == 0;
        by_.typing = random() % 8 == 0;
        const auto ids = listed(from_, by_);
        by_.opened = random() % 2 == 0 || ids.empty() ? "" : ids[random() % ids.size()];
        by_.scrolled = random() % 20;
        const extent size{.columns = 1 + random() % 130, .rows = 1 + random() % 40};
        const auto lines = shown(size);
        ASSERT_EQ(lines.size(), size.rows);
        for (const std::string& each : lines) {
            ASSERT_EQ(columns_of(each), size.columns) << each;
            ASSERT_THAT(each, Not(::testing::ContainsRegex("[\x01-\x1f\x7f]")));
        }
    }
}

}  // namespace
}  // namespace seki::ctl::top
