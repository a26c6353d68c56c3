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

}  // namespace
}  // namespace seki::test
