// Which options of hedges are accepted, what is said about the others, and what an entry says of them.
#include "primitives/hedge_options.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <random>

#include "primitives/hedge_family.hpp"
#include "primitives/hedge_terms.hpp"
#include "primitives/registry.hpp"
#include "support/seed.hpp"

namespace seki::primitives {
namespace {

using namespace std::chrono_literals;
using traits = family<HedgeOptions>;

std::string message_of(const Result<void>& result) { return result ? "" : result.error().message; }
std::string refusal(const HedgeOptions& options) { return message_of(hedges::validate("search", options)); }

// Fails when a value outside a range passes, or when the words do not name the hedge, the fault and what is accepted.
TEST(HedgeOptions, OutOfRangeAreRefusedWithWhatIsAccepted) {
    struct bad_options {
        HedgeOptions options;
        std::string_view message;
    };
    const std::array<bad_options, 9> table{{
        {{.max_extra = 11}, "max_extra 11 is too large: 0 to 10"},
        {{.delay = -1ns}, "delay -1ns is too short: 0s to 1h"},
        {{.delay = 2h}, "delay 2h is too long: 0s to 1h"},
        {{.percentile = -0.1}, "percentile -0.1 is too small: 0.0 (off) to 99.9"},
        {{.percentile = 99.91}, "percentile 99.91 is too large: 0.0 (off) to 99.9"},
        {{.percentile = std::numeric_limits<double>::quiet_NaN()}, "percentile nan is too small: 0.0 (off) to 99.9"},
        {{.min_delay = 61min}, "min_delay 61m is too long: 0s to 1h"},
        {{.ratio = 100.001}, "ratio 100.001 is too large: 0.0 to 100.0"},
        {{.min_per_second = 1'000'001}, "min_per_second 1000001 is too large: 0 to 1000000"},
    }};
    for (const bad_options& bad : table)
        EXPECT_EQ(refusal(bad.options), "hedge \"search\": " + std::string{bad.message});
}

// Fails when a default, or the edge of a range, is refused.
TEST(HedgeOptions, DefaultsAndEdgesAreAccepted) {
    EXPECT_EQ(refusal({}), "");
    EXPECT_EQ(refusal({.max_extra = 0, .delay = 0s, .percentile = 0, .min_delay = 0s, .ratio = 0, .min_per_second = 0}),
              "");
    EXPECT_EQ(refusal({.max_extra = 10, .delay = 1h, .percentile = 99.9, .min_delay = 1h, .ratio = 100}), "");
}

// Fails when options do not come back from an entry as they went in, or print otherwise than they are read.
TEST(HedgeOptions, SurviveTheirEntryAndTheirText) {
    std::mt19937_64 random{test::seed_or(3)};
    for (int i = 0; i < 10'000; ++i) {
        const auto span = [&] {
            return std::chrono::nanoseconds{static_cast<std::int64_t>(random() % 3'600'000'000'001)};
        };
        const HedgeOptions options{.max_extra = random() % 11,
                                   .delay = span(),
                                   .percentile = static_cast<double>(random() % 1000) / 10,
                                   .min_delay = span(),
                                   .ratio = static_cast<double>(random() % 100'001) / 1000,
                                   .min_per_second = random() % 1'000'001};
        ASSERT_EQ(refusal(options), "");
        ASSERT_EQ(traits::options_of(traits::terms_of(options), {}), options);
        HedgeOptions read;
        for (const auto& each : hedge_option_table())
            ASSERT_EQ(message_of(each.parse(read, each, each.print(options))), "");
        ASSERT_EQ(read, options);
    }
}

// Fails when a percentile that is finer than it is kept differs from itself, for who asks for it again: by a division that rounds otherwise, or by its text.
TEST(HedgeOptions, AFinePercentileIsTheSameAgain) {
    for (int hundredths = 0; hundredths <= 9'990; ++hundredths) {
        const HedgeOptions options{.percentile = static_cast<double>(hundredths) / 100};
        const HedgeOptions kept = traits::options_of(traits::terms_of(options), {});
        ASSERT_EQ(describe_difference(hedge_option_table(), kept, options), "") << options.percentile;
    }
}

// Fails when what somebody scribbled into an entry gives terms that cannot be used.
TEST(HedgeOptions, ScribbledTermsGiveOptionsThatAreAccepted) {
    std::mt19937_64 random{test::seed_or(4)};
    for (int i = 0; i < 10'000; ++i) {
        shm::wide_terms values;
        for (auto& each : values) each = random() >> random() % 64;
        ASSERT_EQ(refusal(traits::options_of(values, {})), "");
    }
}

// Fails when a percentile that is not known counts, or one is not kept within its bounds.
TEST(HedgeOptions, TheDelayIsThatOfThePercentileWithinItsBounds) {
    const hedge_terms fixed{.delay_ns = 100, .min_delay_ns = 50};
    EXPECT_EQ(delay_of(fixed, 7'000), 100U);
    const hedge_terms live{.delay_ns = 100, .percentile = 950, .min_delay_ns = 50};
    EXPECT_EQ(delay_of(live, 0), 100U);
    EXPECT_EQ(delay_of(live, 7'000), 7'000U);
    EXPECT_EQ(delay_of(live, 7), 50U);
    EXPECT_EQ(delay_of(live, ~0ULL), 3'600'000'000'000U);
}

}  // namespace
}  // namespace seki::primitives
