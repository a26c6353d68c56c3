// Functions behind a limiter and a breaker.
#include <expected>
#include <stdexcept>
#include <string>

#include "client_fixture.hpp"

namespace seki::test {
namespace {

class Execute : public ClientTest {
protected:
    Segment segment = opened();
    Breaker breaker = must(segment.breaker("backend", {.window_size = 10, .minimum_calls = 2, .wait_duration = 24h}));
    Limiter limiter = must(segment.limiter("logins", six_a_year()));

    Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 1}));

    [[nodiscard]] std::uint64_t calls() const { return must(breaker.status()).calls; }
    void trip() const {
        while (must(breaker.state()) == BreakerState::closed) (void)breaker.call([] {}, [] { return Outcome::error; });
    }
};

// Fails if a layer does not say its own reason, with its own time.
TEST_F(Execute, EachRefusalSaysWhoseItIsAndForHowLong) {
    const auto tried = [&](std::string_view key) {
        return execute(breaker, {limiter, key}, []() -> std::expected<int, std::string> { return 7; });
    };
    EXPECT_EQ(tried("alice").value(), 7);
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(tried("alice"));
    const auto denied = tried("alice");
    EXPECT_EQ(denied.error().code(), Errc::rate_limited);
    EXPECT_GT(denied.error().retry_after(), 60 * 24h);
    const auto own =
        execute(breaker, {limiter, "bob"}, []() -> std::expected<int, std::string> { return std::unexpected{"no"}; });
    EXPECT_EQ(own.error().code(), Errc::call_failed);
    EXPECT_EQ(*own.error().own(), "no");
    trip();
    const auto refused = tried("bob");
    EXPECT_EQ(refused.error().code(), Errc::circuit_open);
    EXPECT_LE(refused.error().retry_after(), 24h);
    EXPECT_EQ(execute(breaker, {limiter, "bob", 7}, [] {}).error().retry_after(), never);
    EXPECT_EQ(execute(breaker, {limiter, "bob", -1}, [] {}).error().code(), Errc::invalid_argument);
}

// Fails if what the limiter denies counts in the breaker, or is called.
TEST_F(Execute, WhatTheLimiterDeniesCostsTheBreakerNothing) {
    for (int i = 0; i < 6; ++i) EXPECT_TRUE(execute(breaker, limiter, [] {}));
    bool called = false;
    EXPECT_FALSE(execute(breaker, limiter, [&] { called = true; }));
    EXPECT_FALSE(called);
    EXPECT_EQ(calls(), 6U);
}

// Fails if judging is lost on the way, or an exception.
TEST_F(Execute, JudgesAsTheBreakerDoes) {
    EXPECT_EQ(*execute(breaker, limiter, [] { return 404; }, [](int) { return Outcome::error; }), 404);
    EXPECT_EQ(must(breaker.status()).errors, 1U);
    EXPECT_THROW((void)execute(
                     breaker, limiter, []() -> int { throw std::out_of_range(""); }, [](int) { return Outcome::ok; },
                     [](const std::exception_ptr&) { return Outcome::ignore; }),
                 std::out_of_range);
    EXPECT_EQ(calls(), 1U);
    EXPECT_EQ(execute(breaker, limiter, [] { return 7; }).or_else([] { return 8; }), 7);
}

// Fails if a guard inside a call that refuses counts as an error of what the breaker outside protects, or its reason is lost on the way out.
TEST_F(Execute, WhatAGuardInsideRefusesCountsForNothing) {
    const auto inner = [&] { return database.call([] { return 7; }); };
    EXPECT_EQ(execute(breaker, {limiter, "alice"}, inner).value(), 7);
    EXPECT_EQ(calls(), 1U);

    const Permit held = must(database.try_acquire());
    const auto refused = execute(breaker, {limiter, "alice"}, inner);
    EXPECT_EQ(refused.error().code(), Errc::bulkhead_full);
    EXPECT_FALSE(breaker.call([&] { return database.try_acquire(); }));
    EXPECT_FALSE(breaker.call([&]() -> std::expected<int, Refusal> {
        const auto permit = database.acquire();
        if (!permit) return std::unexpected{Refusal{permit.error().code}};
        return 7;
    }));

    const Limiter exhausted = must(segment.limiter("exhausted", {.limit = 1, .window = 366 * 24h, .max_keys = 1}));
    EXPECT_TRUE(exhausted.check("").allowed);
    const Breaker other = must(segment.breaker("other", BreakerOptions{}));
    const auto denied = breaker.call([&] { return execute(other, exhausted, [] { return 7; }); });
    EXPECT_EQ(denied.error().code(), Errc::rate_limited);
    EXPECT_EQ(other.open(), Errc::none);
    const auto open = breaker.call([&] { return other.call([]() -> std::expected<int, std::string> { return 7; }); });
    EXPECT_EQ(open.error().code(), Errc::circuit_open);
    // However deep: what the breaker between passes on as its function's own error is a refusal all the same.
    EXPECT_EQ(other.automatic(), Errc::none);
    EXPECT_FALSE(breaker.call([&] { return other.call([&] { return database.try_acquire(); }); }));

    EXPECT_EQ(calls(), 1U);
    EXPECT_EQ(must(other.status()).calls, 0U);
}

// Fails if a probe that a guard inside refused decides over the breaker, or keeps its place.
TEST_F(Execute, AProbeThatAGuardInsideRefusesIsNotJudged) {
    const Breaker brief =
        must(segment.breaker("brief", {.minimum_calls = 1, .wait_duration = 1ms, .half_open_requests = 1}));
    EXPECT_TRUE(brief.call([] {}, [] { return Outcome::error; }));
    const Permit held = must(database.try_acquire());
    const auto probe = [&] { return brief.call([&] { return database.call([] {}); }); };
    while (probe().error().code() == Errc::circuit_open) {
    }
    EXPECT_EQ(probe().error().code(), Errc::bulkhead_full);
    EXPECT_EQ(must(brief.state()), BreakerState::half_open);
    EXPECT_TRUE(brief.call([] {}));
    EXPECT_EQ(must(brief.state()), BreakerState::closed);
}

// Fails if an error of the function's own is taken for a refusal, or a classifier is not asked about one.
TEST_F(Execute, ErrorsOfTheFunctionAndClassifiersDecideAsEver) {
    const auto failing = [](Errc why) { return [why]() -> Result<int> { return std::unexpected{Error{why, "own"}}; }; };
    EXPECT_FALSE(breaker.call(failing(Errc::timeout)));
    EXPECT_EQ(must(breaker.status()).errors, 1U);
    const Breaker lenient = must(segment.breaker("lenient", {.minimum_calls = 20}));
    const Breaker other = must(segment.breaker("other", BreakerOptions{}));
    EXPECT_FALSE(lenient.call([&] { return other.call(failing(Errc::system)); }));
    EXPECT_FALSE(lenient.call(failing(Errc::bulkhead_full), [](const Result<int>&) { return Outcome::error; }));
    EXPECT_EQ(must(lenient.status()).errors, 2U);
    EXPECT_EQ(must(other.status()).errors, 1U);
}

}  // namespace
}  // namespace seki::test
