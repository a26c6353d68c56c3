// What a refusal leaves behind, and what it says.
#include <climits>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "capi_fixture.hpp"

namespace seki::test {
namespace {

using testing::HasSubstr;
using testing::IsNull;

using Refusals = CapiTest;

// Fails if what a decision was before stays there, and somebody is let through by it.
TEST_F(Refusals, LeaveADecisionThatDenies) {
    seki_receipt none = SEKI_RECEIPT_INIT;
    none.size = 0;
    const std::vector<std::function<void(seki_decision*)>> calls{
        [](seki_decision* d) { seki_limiter_check(nullptr, "alice", 5, 1, d); },
        [this](seki_decision* d) { seki_limiter_peek(limiter, nullptr, 5, 1, d); },
        [this](seki_decision* d) { seki_limiter_check(limiter, "alice", 5, -1, d); },
        [this](seki_decision* d) { seki_limiter_acquire(limiter, "alice", 5, 1, -1, d); },
        [&](seki_decision* d) { seki_limiter_check_receipt(limiter, "alice", 5, 1, &none, d); },
        [](seki_decision* d) { seki_check_all(nullptr, 1, d); },
    };
    for (std::size_t i = 0; i < calls.size(); ++i) {
        seki_decision d = SEKI_DECISION_INIT;
        must(seki_limiter_peek(limiter, "alice", 5, 1, &d));
        ASSERT_EQ(d.allowed, 1U);
        calls[i](&d);
        EXPECT_EQ(d.allowed, 0U) << i;
        EXPECT_EQ(d.error, SEKI_ERROR_INVALID_ARGUMENT) << i;
        EXPECT_EQ(d.remaining, 0U) << i;
    }
}

// Fails if one of those that answer no status cannot stand a null.
TEST_F(Refusals, NothingIsNothingToThoseThatAnswerNoStatus) {
    seki_close(nullptr);
    seki_limiter_free(nullptr);
    seki_breaker_free(nullptr);
    seki_bulkhead_free(nullptr);
    seki_telemetry_detach(nullptr);
    EXPECT_THAT(seki_segment_path(nullptr), IsNull());
    EXPECT_THAT(seki_limiter_name(nullptr), IsNull());
    EXPECT_THAT(seki_breaker_name(nullptr), IsNull());
    EXPECT_THAT(seki_bulkhead_name(nullptr), IsNull());
    for (const seki_status why : std::initializer_list<seki_status>{SEKI_ERROR_DELETED, INT_MIN, -1, 255, INT_MAX}) {
        EXPECT_STREQ(seki_limiter_explain(nullptr, why), seki_status_message(why));
        EXPECT_STREQ(seki_breaker_explain(nullptr, why), seki_status_message(why));
        EXPECT_STREQ(seki_bulkhead_explain(nullptr, why), seki_status_message(why));
    }
    EXPECT_STREQ(seki_limiter_explain(limiter, -1), seki_status_message(-1));
}

// Fails if a name, an option or a path that is wrong ends in something else than the error of the C++ interface.
TEST_F(Refusals, WhatTheCppInterfaceRefusesIsRefusedByItsSentence) {
    seki_segment* opens_none = nullptr;
    seki_limiter* made = nullptr;
    seki_breaker* breaks_none = nullptr;
    seki_bulkhead* holds_none = nullptr;
    auto options = limiter_options();
    EXPECT_EQ(seki_limiter_create(segment, "no good name", &options, &made), SEKI_ERROR_INVALID_ARGUMENT);
    EXPECT_THAT(seki_last_error_message(), HasSubstr("no good name"));
    EXPECT_EQ(seki_limiter_create(segment, std::string(5000, 'x').c_str(), &options, &made),
              SEKI_ERROR_INVALID_ARGUMENT);
    EXPECT_EQ(seki_limiter_get(segment, "", &made), SEKI_ERROR_INVALID_ARGUMENT);
    options.limit = 0;
    EXPECT_EQ(seki_limiter_create(segment, "none", &options, &made), SEKI_ERROR_INVALID_ARGUMENT);
    EXPECT_THAT(seki_last_error_message(), HasSubstr("limiter \"none\": limit 0 is too small"));
    for (const double multiplier : {0.0, -1.0, 1e300, std::numeric_limits<double>::quiet_NaN()}) {
        seki_breaker_options breaks = SEKI_BREAKER_OPTIONS_INIT;
        breaks.wait_multiplier = multiplier;
        EXPECT_EQ(seki_breaker_create(segment, "none", &breaks, &breaks_none), SEKI_ERROR_INVALID_ARGUMENT);
        EXPECT_THAT(seki_last_error_message(), HasSubstr("wait_multiplier"));
    }
    seki_breaker_options mixed = SEKI_BREAKER_OPTIONS_INIT;
    mixed.window_ns = 60'000'000'000;
    EXPECT_EQ(seki_breaker_create(segment, "none", &mixed, &breaks_none), SEKI_ERROR_INVALID_ARGUMENT);
    EXPECT_THAT(seki_last_error_message(), HasSubstr("window"));
    seki_bulkhead_options negative = SEKI_BULKHEAD_OPTIONS_INIT;
    negative.max_wait_ns = -1;
    EXPECT_EQ(seki_bulkhead_create(segment, "none", &negative, &holds_none), SEKI_ERROR_INVALID_ARGUMENT);
    EXPECT_THAT(seki_last_error_message(), HasSubstr("max_wait"));
    auto large = open_options();
    large.max_primitives = UINT64_MAX;
    EXPECT_EQ(seki_open((path() + "2").c_str(), &large, &opens_none), SEKI_ERROR_INVALID_ARGUMENT);
    EXPECT_THAT(seki_last_error_message(), HasSubstr("max_primitives"));
}

}  // namespace
}  // namespace seki::test
