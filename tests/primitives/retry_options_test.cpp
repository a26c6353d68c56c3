// Which options of retries are accepted, what is said about the others, and what an entry says of them.
#include "primitives/retry_options.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <random>

#include "primitives/registry.hpp"
#include "primitives/retry_family.hpp"
#include "primitives/retry_terms.hpp"
#include "support/seed.hpp"

namespace seki::primitives {
namespace {

using namespace std::chrono_literals;
using traits = family<RetryOptions>;

std::string message_of(const Result<void>& result) { return result ? "" : result.error().message; }
std::string refusal(const RetryOptions& options) { return message_of(retries::validate("payments", options)); }

std::string parse(std::string_view option, std::string_view text) {
    RetryOptions options;
    const auto* const known = find_option(retry_option_table(), option);
    return message_of(known->parse(options, *known, text));
}

// Fails when a value outside a range passes, or when the words do not name the retry, the fault and what is accepted.
TEST(RetryOptions, OutOfRangeAreRefusedWithWhatIsAccepted) {
    struct bad_options {
        RetryOptions options;
        std::string_view message;
    };
    const std::array<bad_options, 12> table{{
        {{.max_attempts = 0}, "max_attempts 0 is too small: 1 to 100"},
        {{.max_attempts = 101}, "max_attempts 101 is too large: 1 to 100"},
        {{.backoff = static_cast<Backoff>(3)}, "backoff 3 is unknown: constant, linear or exponential"},
        {{.jitter = static_cast<Jitter>(4)}, "jitter 4 is unknown: none, full, equal or decorrelated"},
        {{.base_delay = -1ns}, "base_delay -1ns is too short: 0s to 1d, and at most max_delay"},
        {{.base_delay = 25h, .max_delay = 25h}, "base_delay 25h is too long: 0s to 1d, and at most max_delay"},
        {{.max_delay = 24h + 1ns}, "max_delay 1d1ns is too long: 0s to 1d"},
        {{.base_delay = 2s, .max_delay = 1s},
         "base_delay 2s is longer than max_delay 1s: lower it, or raise max_delay"},
        {{.ratio = -0.001}, "ratio -0.001 is too small: 0.0 to 100.0"},
        {{.ratio = 100.001}, "ratio 100.001 is too large: 0.0 to 100.0"},
        {{.ratio = std::numeric_limits<double>::quiet_NaN()}, "ratio nan is too small: 0.0 to 100.0"},
        {{.min_per_second = 1'000'001}, "min_per_second 1000001 is too large: 0 to 1000000"},
    }};
    for (const bad_options& bad : table)
        EXPECT_EQ(refusal(bad.options), "retry \"payments\": " + std::string{bad.message});
    EXPECT_EQ(mistakes({.max_attempts = 0, .base_delay = -1s, .ratio = -1}).size(), 3U);
}

// Fails when a default, or the edge of a range, is refused; or the defaults are not those of the agreement.
TEST(RetryOptions, DefaultsAndEdgesAreAccepted) {
    EXPECT_EQ(refusal({}), "");
    EXPECT_EQ(refusal({.max_attempts = 1, .base_delay = 0s, .max_delay = 0s, .ratio = 0, .min_per_second = 0}), "");
    EXPECT_EQ(
        refusal({.max_attempts = 100, .base_delay = 24h, .max_delay = 24h, .ratio = 100, .min_per_second = 1'000'000}),
        "");
    EXPECT_EQ(RetryOptions{}, (RetryOptions{.max_attempts = 3,
                                            .backoff = Backoff::exponential,
                                            .jitter = Jitter::full,
                                            .base_delay = 100ms,
                                            .max_delay = 30s,
                                            .ratio = 0.2,
                                            .min_per_second = 10}));
}

// Fails when a text that means nothing is taken for a value.
TEST(RetryOptions, TextsAreReadOrRefused) {
    EXPECT_EQ(parse("max_attempts", "5"), "");
    EXPECT_EQ(parse("backoff", "linear"), "");
    EXPECT_EQ(parse("jitter", "decorrelated"), "");
    EXPECT_EQ(parse("base_delay", "0s"), "");
    EXPECT_EQ(parse("ratio", "0.25"), "");
    EXPECT_EQ(parse("ratio", "1"), "");
    EXPECT_EQ(parse("min_per_second", "0"), "");
    EXPECT_EQ(parse("max_attempts", "0"), "max_attempts 0 is too small: 1 to 100");
    EXPECT_EQ(parse("backoff", "quadratic"), "backoff \"quadratic\" is unknown: constant, linear or exponential");
    EXPECT_EQ(parse("ratio", "20%"), "ratio \"20%\" is not a number: 0.0 to 100.0");
    EXPECT_EQ(parse("ratio", ""), "ratio \"\" is not a number: 0.0 to 100.0");
    EXPECT_EQ(parse("ratio", "1e999"), "ratio 1e999 is too large: 0.0 to 100.0");
    EXPECT_NE(parse("max_delay", "10"), "");
}

// Fails when options do not come back from an entry as they went in, or print otherwise than they are read.
TEST(RetryOptions, SurviveTheirEntryAndTheirText) {
    std::mt19937_64 random{test::seed_or(3)};
    for (int i = 0; i < 10'000; ++i) {
        const std::chrono::nanoseconds max{static_cast<std::int64_t>(random() % 86'400'000'000'001)};
        RetryOptions options{.max_attempts = 1 + random() % 100,
                             .backoff = static_cast<Backoff>(random() % 3),
                             .jitter = static_cast<Jitter>(random() % 4),
                             .base_delay = std::chrono::nanoseconds{static_cast<std::int64_t>(
                                 random() % (static_cast<std::uint64_t>(max.count()) + 1))},
                             .max_delay = max,
                             .ratio = static_cast<double>(random() % 100'001) / 1000,
                             .min_per_second = random() % 1'000'001};
        ASSERT_EQ(refusal(options), "");
        ASSERT_EQ(traits::options_of(traits::terms_of(options), {}), options);
        RetryOptions read;
        for (const auto& each : retry_option_table())
            ASSERT_EQ(message_of(each.parse(read, each, each.print(options))), "");
        ASSERT_EQ(read, options);
    }
}

// Fails when what somebody scribbled into an entry gives terms that cannot be used.
TEST(RetryOptions, ScribbledTermsGiveOptionsThatAreAccepted) {
    std::mt19937_64 random{test::seed_or(4)};
    for (int i = 0; i < 10'000; ++i) {
        shm::wide_terms values;
        for (auto& each : values) each = random() >> random() % 64;
        ASSERT_EQ(refusal(traits::options_of(values, {})), "");
    }
}

}  // namespace
}  // namespace seki::primitives
