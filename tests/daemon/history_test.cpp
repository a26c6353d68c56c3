// What is kept of each second, and how much room it takes.
#include "daemon/history.hpp"

#include <deque>
#include <limits>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "daemon/history_json.hpp"
#include "support/seed.hpp"

namespace seki::daemon {
namespace {

using report::sample;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto limiter = layout::kind::limiter;
constexpr std::uint64_t start_ms = 1'700'000'000'000;

sample of_limiter(std::uint64_t incarnation, const std::string& name, std::uint64_t allowed, std::uint64_t denied) {
    sample made{.at = {.incarnation = incarnation, .kind = limiter, .name = name}};
    made.values = {allowed, denied};
    return made;
}

struct HistoryTest : testing::Test {
    history past;
    std::uint64_t now_ms = start_ms;
    std::uint64_t generation = 7;

    void take(const std::vector<sample>& all) { past.take(generation, all, now_ms += 1000); }
    void login(std::uint64_t allowed, std::uint64_t denied) { take({of_limiter(1, "login", allowed, denied)}); }
    [[nodiscard]] std::vector<std::uint32_t> denied() const {
        std::vector<std::uint32_t> all;
        const auto found = past.of(limiter, "login");
        for (const history::row& row : found->rows) all.push_back(row[1]);
        return all;
    }
    [[nodiscard]] history::refusals refused() const { return past.of(limiter, "login")->refused; }
};

// Fails if a row is anything else than what was counted since the last one, or what was counted before sekid looked is taken for a second's.
TEST_F(HistoryTest, ACountIsWhatWasCountedInThatSecond) {
    login(1'000'000, 500);
    EXPECT_THAT(denied(), IsEmpty());
    login(1'000'003, 500);
    login(1'000'003, 507);
    const auto found = past.of(limiter, "login");
    EXPECT_THAT(found->rows, ElementsAre(history::row{3, 0}, history::row{0, 7}));
    EXPECT_THAT(found->at_ms, ElementsAre(start_ms + 2000, start_ms + 3000));
    EXPECT_EQ(past.now().number, found->number);
}

// Fails if a level is taken for a count: it would be 0 while it stays the same.
TEST_F(HistoryTest, ALevelIsAsItWas) {
    sample database{.at = {.incarnation = 2, .kind = layout::kind::bulkhead, .name = "database"}};
    database.values = {10, 0, 3, 1};
    take({database});
    database.values = {12, 1, 3, 1};
    take({database});
    EXPECT_THAT(past.of(layout::kind::bulkhead, "database")->rows, ElementsAre(history::row{2, 1, 3, 1}));
}

// Fails if more is kept than 900 seconds, or the seconds are not the latest, in order, each once: against a list without a bound.
TEST_F(HistoryTest, TheLatestSecondsAreKeptInOrder) {
    const std::uint64_t seed = test::seed_or(20261126);
    std::mt19937_64 dice{seed};
    std::deque<std::uint32_t> model;
    std::uint64_t count = 0;
    login(0, 0);
    for (int i = 0; i < 2'500; ++i) {
        const auto more = static_cast<std::uint32_t>(dice() % 1'000);
        login(0, count += more);
        model.push_back(more);
        if (model.size() > history::length) model.pop_front();
        if (i % 97 != 0 && i < 2'490) continue;
        const std::vector<std::uint32_t> wanted{model.begin(), model.end()};
        ASSERT_EQ(denied(), wanted) << "seed " << seed << ", second " << i;
        const auto found = past.of(limiter, "login");
        ASSERT_EQ(found->at_ms.size(), wanted.size());
        ASSERT_EQ(found->at_ms.back(), now_ms);
        ASSERT_EQ(found->at_ms.front(), now_ms - 1000 * (wanted.size() - 1));
    }
}

// Fails if the bound is no bound: with as many primitives as a segment can have, room for some and rows for no more.
TEST_F(HistoryTest, TheRoomIsBounded) {
    std::vector<sample> all;
    for (std::uint64_t i = 1; i <= 4'096; ++i)
        all.push_back(of_limiter(i, std::string(layout::name_size - 5, 'n') + std::to_string(1000 + i % 8999), 0, 0));
    take(all);
    take(all);
    std::size_t kept = 0;
    for (const sample& each : all) kept += past.of(limiter, each.at.name)->rows.empty() ? 0U : 1U;
    EXPECT_EQ(kept, history::most_kept);
    EXPECT_GE(kept, 256U);
    EXPECT_EQ(past.now().all.size(), 4'096U);
    EXPECT_LE(past.bytes(), history::most_bytes + 4'096 * 256);
    // Those that have rows keep them, and who was without gets the room of who goes.
    all.erase(all.begin());
    take(all);
    take(all);
    EXPECT_THAT(past.of(limiter, all.front().at.name)->rows, SizeIs(3));
    EXPECT_THAT(past.of(limiter, all.back().at.name)->rows, IsEmpty());
}

// Fails if 256 primitives, which is as many as there are by default, take more than half of what an idle sekid may, or the manual names another size.
TEST_F(HistoryTest, APrimitiveTakesAsMuchAsTheManualSays) {
    EXPECT_LT(256 * history::bytes_of_one, 12U << 20);
    EXPECT_EQ(history::length * sizeof(history::row), 21'600U);
}

// Fails if a primitive that was deleted is told of, or one of the same name inherits what it did.
TEST_F(HistoryTest, WhatIsDeletedIsForgotten) {
    login(5, 5);
    login(6, 9);
    take({});
    EXPECT_FALSE(past.of(limiter, "login"));
    take({of_limiter(2, "login", 0, 1)});
    EXPECT_THAT(denied(), IsEmpty());
    take({of_limiter(2, "login", 0, 3)});
    EXPECT_THAT(denied(), ElementsAre(2U));
}

// Fails if another segment, whose incarnations begin anew, is taken for the same one.
TEST_F(HistoryTest, AnotherSegmentBeginsAnew) {
    login(5, 5);
    login(6, 9);
    ++generation;
    login(6, 9);
    EXPECT_THAT(denied(), IsEmpty());
    EXPECT_EQ(refused().last_ms, 0U);
}

// Fails if `since` is not when it began: a pause of a few seconds does not end a refusing, a longer one does.
TEST_F(HistoryTest, SinceWhenItRefuses) {
    login(0, 0);
    EXPECT_EQ(refused().since_ms, 0U);
    login(0, 1);
    const std::uint64_t first = now_ms;
    EXPECT_EQ(refused().since_ms, first);
    for (int i = 0; i < 10; ++i) login(0, 1);
    EXPECT_EQ(refused().since_ms, first);
    login(0, 2);  // 11 s later
    EXPECT_EQ(refused().since_ms, now_ms);
    const std::uint64_t second = now_ms;
    for (int i = 0; i < 2'000; ++i) login(0, 2 + static_cast<std::uint64_t>(i));
    EXPECT_EQ(refused().since_ms, second);  // longer ago than what is kept
    const std::uint64_t last = now_ms;
    for (int i = 0; i < 11; ++i) login(0, 2'001);
    EXPECT_EQ(refused().since_ms, 0U);
    EXPECT_EQ(refused().last_ms, last);
}

// Fails if a count that no row can hold, or one that a scribbler lowered, becomes another number.
TEST_F(HistoryTest, WhatDoesNotFitIsCut) {
    login(0, 0);
    login(0, 1ULL << 40);
    login(0, 5);
    login(0, 7);
    EXPECT_THAT(denied(), ElementsAre(std::numeric_limits<std::uint32_t>::max(), 0U, 2U));
}

// Fails if a state that no breaker has, as only a scribbler writes it, is looked up beyond the words there are.
TEST_F(HistoryTest, AStateThatThereIsNotHasNoWord) {
    sample payments{.at = {.incarnation = 3, .kind = layout::kind::breaker, .name = "payments"}};
    payments.values = {0, 0, 0, 0, 1};
    take({payments});
    take({payments});
    payments.values[4] = 77;
    take({payments});
    const auto json = to_json(layout::kind::breaker, "payments", *past.of(layout::kind::breaker, "payments"));
    EXPECT_EQ(json["columns"]["state"].dump(), R"(["open",null])");
    EXPECT_EQ(json["columns"]["rejected"].dump(), "[0,0]");
}

}  // namespace
}  // namespace seki::daemon
