// Which options of adaptive limits are accepted, what is said about the others, and what an entry says of them.
#include "primitives/adaptive_options.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "primitives/adaptive_family.hpp"
#include "primitives/adaptive_terms.hpp"
#include "primitives/registry.hpp"
#include "support/seed.hpp"

namespace seki::primitives {
namespace {

using namespace std::chrono_literals;
using traits = family<AdaptiveOptions>;

std::string refusal(const AdaptiveOptions& options) {
    const auto result = adaptives::validate("backend", options);
    return result ? "" : result.error().message;
}

// Fails when a value outside a range passes, or when the words do not name the limit, the fault and what is accepted.
TEST(AdaptiveOptions, OutOfRangeAreRefusedWithWhatIsAccepted) {
    struct bad_options {
        AdaptiveOptions options;
        std::string_view message;
    };
    const std::array<bad_options, 11> table{{
        {{.algorithm = static_cast<AdaptiveLaw>(3)}, "algorithm 3 is unknown: aimd, gradient or vegas"},
        {{.min_limit = 0}, "min_limit 0 is too small: 1 to 65535, and at most max_limit"},
        {{.max_limit = 65'536}, "max_limit 65536 is too large: 1 to 65535"},
        {{.backoff_ratio = 1.0}, "backoff_ratio 1 is too large: 0.5 to 0.99"},
        {{.tolerance = 0.9}, "tolerance 0.9 is too small: 1.0 to 10.0"},
        {{.smoothing = 0}, "smoothing 0 is too small: 0.01 to 1.0"},
        {{.window = 10'001}, "window 10001 is too large: 1 to 10000"},
        {{.timeout = 0s}, "timeout 0s is too short: 1ms to 18m"},
        {{.probe_interval = 999ms}, "probe_interval 999ms is too short: 1s to 1d"},
        {{.min_limit = 30, .max_limit = 20}, "min_limit 30 is above max_limit 20: lower it, or raise max_limit"},
        {{.max_limit = 10}, "initial_limit 20 is not between min_limit 1 and max_limit 10"},
    }};
    for (const bad_options& bad : table)
        EXPECT_EQ(refusal(bad.options), "adaptive \"backend\": " + std::string{bad.message});
}

// Fails when the defaults are not those of the manual, or are refused.
TEST(AdaptiveOptions, DefaultsAreAccepted) {
    EXPECT_EQ(refusal({}), "");
    EXPECT_EQ(AdaptiveOptions{}, (AdaptiveOptions{.algorithm = AdaptiveLaw::gradient,
                                                  .min_limit = 1,
                                                  .max_limit = 1'000,
                                                  .initial_limit = 20,
                                                  .backoff_ratio = 0.9,
                                                  .tolerance = 1.5,
                                                  .smoothing = 0.2,
                                                  .window = 100,
                                                  .timeout = 5s,
                                                  .probe_interval = 60s,
                                                  .max_wait = 0s,
                                                  .max_waiting = 100}));
    EXPECT_EQ(unpack_adaptive_law(pack(AdaptiveOptions{}), shape_for(AdaptiveOptions{})), adaptive_law::terms{});
}

// Fails when a text is not read as it is printed.
TEST(AdaptiveOptions, WhatIsPrintedIsRead) {
    const AdaptiveOptions some{.algorithm = AdaptiveLaw::vegas,
                               .min_limit = 3,
                               .max_limit = 77,
                               .initial_limit = 5,
                               .backoff_ratio = 0.75,
                               .tolerance = 2,
                               .smoothing = 0.33,
                               .window = 50,
                               .timeout = 250ms,
                               .probe_interval = 90s,
                               .max_wait = 2s,
                               .max_waiting = 0};
    AdaptiveOptions read;
    for (const auto& [name, text] : list_options(traits::options(), some)) {
        const auto* const option = find_option(traits::options(), name);
        ASSERT_TRUE(option->parse(read, *option, text)) << name << " " << text;
    }
    EXPECT_EQ(read, some);
}

// Fails when an entry does not say what the options said, or when scribbled terms give options that are refused.
TEST(AdaptiveOptions, TermsSayWhatTheOptionsSaid) {
    std::mt19937_64 random{test::seed_or(8)};
    const auto between = [&](std::uint64_t low, std::uint64_t high) { return low + random() % (high - low + 1); };
    for (int i = 0; i < 10'000; ++i) {
        AdaptiveOptions some;
        some.algorithm = static_cast<AdaptiveLaw>(random() % 3);
        some.max_limit = between(1, 65'535);
        some.min_limit = between(1, some.max_limit);
        some.initial_limit = between(some.min_limit, some.max_limit);
        some.backoff_ratio = static_cast<double>(between(50, 99)) / 100;
        some.tolerance = static_cast<double>(between(100, 1'000)) / 100;
        some.smoothing = static_cast<double>(between(1, 100)) / 100;
        some.window = between(1, 10'000);
        some.timeout = std::chrono::milliseconds{between(1, 1'080'000)};
        some.probe_interval = std::chrono::seconds{between(1, 86'400)};
        some.max_wait = std::chrono::milliseconds{between(0, 86'400'000)};
        some.max_waiting = between(0, 65'535);
        ASSERT_EQ(refusal(some), "");
        ASSERT_EQ(traits::options_of(traits::terms_of(some), traits::shape_of(some)), some);
        shm::wide_terms scribbled;
        for (auto& value : scribbled) value = random() >> random() % 64;
        const auto law = unpack_adaptive_law(scribbled, shape_for(some));
        ASSERT_LE(law.max_limit, shape_for(some).permits);
        ASSERT_LE(law.min_limit, law.initial_limit);
        ASSERT_LE(law.initial_limit, law.max_limit);
        ASSERT_GE(law.min_limit, 1U);
    }
}

}  // namespace
}  // namespace seki::primitives
