// A program of C and one of C++ at one segment: one truth.
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <string>

#include <seki/seki.hpp>

#include "capi_fixture.hpp"

extern char** environ;

namespace seki::test {
namespace {

using Languages = CapiTest;

// What the program of C answers: 0 allowed, 1 denied.
int spend(std::string path, std::string key, std::string cost) {
    std::string program = SEKI_SPEND, name = "login";
    const std::array<char*, 6> arguments{program.data(), path.data(), name.data(), key.data(), cost.data(), nullptr};
    pid_t child = 0;
    int status = 0;
    if (posix_spawn(&child, SEKI_SPEND, nullptr, nullptr, arguments.data(), environ) != 0) return -1;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
    return WEXITSTATUS(status);
}

// Fails if the two have limits of their own, or do not understand each other's limiter.
TEST_F(Languages, CAndCppSpendFromOneLimit) {
    const Segment shop = open(path()).value();
    const Limiter login = shop.limiter("login").value();
    EXPECT_EQ(login.check("alice", 2).remaining, 4U);
    EXPECT_EQ(spend(path(), "alice", "3"), 0);
    EXPECT_EQ(login.peek("alice", 0).remaining, 1U);
    EXPECT_EQ(spend(path(), "alice", "2"), 1);
    EXPECT_TRUE(login.check("alice").allowed);
    EXPECT_EQ(left(), 0U);
    EXPECT_EQ(spend(path(), "bob", "6"), 0);
}

// Fails if what one language trips, holds or changes is not so for the other.
TEST_F(Languages, WhatOneTripsHoldsOrChangesTheOtherSees) {
    const Segment shop = open(path()).value();
    for (int i = 0; i < 5; ++i) {
        seki_admission admission = SEKI_ADMISSION_INIT;
        must(seki_breaker_admit(breaker, &admission));
        must(seki_admission_tell(&admission, SEKI_OUTCOME_ERROR));
    }
    EXPECT_EQ(shop.breaker("payments")->state(), BreakerState::open);
    const auto permit = shop.bulkhead("database")->try_acquire();
    seki_bulkhead_status held = SEKI_BULKHEAD_STATUS_INIT;
    must(seki_bulkhead_get_status(bulkhead, &held));
    EXPECT_EQ(held.in_use, 1U);
    ASSERT_TRUE(shop.change("database", BulkheadOptions{.max_concurrent = 1}));
    seki_permit none = SEKI_PERMIT_INIT;
    EXPECT_EQ(seki_bulkhead_try_acquire(bulkhead, &none), SEKI_ERROR_BULKHEAD_FULL);
}

// Fails if an error of one language has no number or another name in the other.
TEST(Errors, AreTheSameInBothLanguages) {
    for (int number = 0; number <= 255; ++number)
        EXPECT_EQ(seki_status_name(number), to_string(static_cast<Errc>(number))) << number;
}

// Fails if options that nobody set mean one thing in one language and another in the other.
TEST_F(Languages, DefaultsAreTheSame) {
    const std::string large = path() + ".large.seg";
    const Segment shop = open(large).value();
    seki_segment* c_shop = nullptr;
    must(seki_open(large.c_str(), nullptr, &c_shop));
    seki_limiter_options c_limits = SEKI_LIMITER_OPTIONS_INIT;
    c_limits.limit = 5;
    c_limits.window_ns = 3'600'000'000'000;
    seki_limiter* made = nullptr;
    must(seki_limiter_create(c_shop, "default", &c_limits, &made));
    const LimiterOptions limits{.limit = 5, .window = std::chrono::hours{1}};
    EXPECT_EQ(shop.limiter("default")->options().value(), limits);
    seki_limiter_free(made);
    seki_close(c_shop);
    const Segment small = open(path()).value();
    EXPECT_EQ(small.breaker("payments")->options().value(), BreakerOptions{});
    EXPECT_EQ(small.bulkhead("database")->options().value(), BulkheadOptions{});
    const seki_open_options opens = SEKI_OPEN_OPTIONS_INIT;
    const SegmentOptions defaults;
    EXPECT_EQ(opens.mode, defaults.mode);
    EXPECT_EQ(opens.max_workers, defaults.max_workers);
    EXPECT_EQ(opens.max_primitives, defaults.max_primitives);
    EXPECT_EQ(opens.segment_size, defaults.size);
}

}  // namespace
}  // namespace seki::test
