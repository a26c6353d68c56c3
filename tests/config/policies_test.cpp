// Policies in configuration files: what a good section gives, and the exact words for each bad one.
#include <gtest/gtest.h>

#include "bad_text.hpp"
#include "config/configuration.hpp"

namespace seki::config {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view parts = R"(
[limiter.api]
limit = 1
window = "1s"
max_keys = 64
[shedder.front]
[bulkhead.database]
[adaptive.database]
[breaker.payments]
[retry.payments]
)";

// Fails when a key of a policy goes to another option.
TEST(Configuration, EveryKeyOfAPolicyIsRead) {
    // Before its parts: the order in a file means nothing.
    const auto read = parse(std::string{R"([policy.checkout]
deadline = "2s"
limiter = "api"
shedder = "front"
bulkhead = "database"
breaker = "payments"
retry = "payments"
[policy.other]
adaptive = "database"
limiter = ""
)"} + std::string{parts},
                            "f");
    ASSERT_TRUE(read) << read.error().message;
    const auto& policies = read->of<PolicyOptions>();
    ASSERT_EQ(policies.size(), 2U);
    EXPECT_EQ(policies[0].second, (PolicyOptions{.deadline = 2s,
                                                 .limiter = "api",
                                                 .shedder = "front",
                                                 .bulkhead = "database",
                                                 .breaker = "payments",
                                                 .retry = "payments"}));
    EXPECT_EQ(policies[1].second, (PolicyOptions{.adaptive = "database"}));
}

INSTANTIATE_TEST_SUITE_P(
    Policies, BadConfiguration,
    testing::Values(
        bad_text{"[policy.a]\nlimiter = \"api\"",
                 R"(f:2:11: policy "a": limiter "api" is not declared: there is no [limiter.NAME] in this file)"},
        bad_text{
            "[breaker.payments]\n[policy.a]\nbreaker = \"paiments\"",
            R"(f:3:11: policy "a": breaker "paiments" is unknown: did you mean "payments"? accepted are payments)"},
        bad_text{"[breaker.api]\n[policy.a]\nretry = \"api\"",
                 R"(f:3:9: policy "a": retry "api" is not declared: there is no [retry.NAME] in this file)"},
        bad_text{"[bulkhead.a]\n[adaptive.a]\n[policy.a]\nbulkhead = \"a\"\nadaptive = \"a\"",
                 R"(f:5:12: policy "a": adaptive "a" and bulkhead "a" are both given: one of them)"},
        bad_text{
            "[policy.a]\nlimiter = \"a/b\"",
            R"(f:2:11: policy "a": limiter "a/b": the name has "/" at position 2: 1 to 63 letters, digits, "_", "." or "-", not beginning with "." or "-")"},
        bad_text{
            "[policy.a]\nlimiter = 5",
            R"(f:2:11: policy "a": limiter 5 is a number, not text in quotes: the name of a limiter, or "" for none)"},
        bad_text{"[policy.a]\ndeadline = \"400d\"", R"(f:2:12: policy "a": deadline 400d is too long: 0s to 366d)"},
        bad_text{
            "[policy.a]\nbraker = \"a\"",
            R"(f:2:1: policy "a": key "braker" is unknown: did you mean "breaker"? accepted are deadline, limiter, shedder, bulkhead, adaptive, breaker, retry)"}));

}  // namespace
}  // namespace seki::config
