// Which options of breakers are accepted, what is said about the others, and what terms are made of them.
#include "primitives/breaker_options.hpp"

#include <array>
#include <limits>
#include <random>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "primitives/breaker_terms.hpp"
#include "primitives/registry.hpp"
#include "support/seed.hpp"

namespace seki::primitives {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

std::string refusal(const BreakerOptions& options) {
    const auto fine = breakers::validate("payments", options);
    return fine ? "" : fine.error().message;
}

struct bad_options {
    BreakerOptions options;
    std::string_view message;
};

// Fails when a value outside a range passes, or when the words do not name the breaker, the fault and what is accepted.
TEST(BreakerOptions, OutOfRangeAreRefusedWithWhatIsAccepted) {
    constexpr auto time = WindowType::time;
    const std::array<bad_options, 27> table{{
        {{.failure_threshold = 0}, "failure_threshold 0 is too small: 1 to 100 %"},
        {{.failure_threshold = 101}, "failure_threshold 101 is too large: 1 to 100 %"},
        {{.slow_call_threshold = 0}, "slow_call_threshold 0 is too small: 1 to 100 %"},
        {{.slow_call_threshold = 101}, "slow_call_threshold 101 is too large: 1 to 100 %"},
        {{.window_size = 0}, "window_size 0 is too small: 1 to 65536 calls, or 1s to 1d"},
        {{.window_size = -1}, "window_size -1 is too small: 1 to 65536 calls, or 1s to 1d"},
        {{.window_size = 65'537}, "window_size 65537 is too large: 1 to 65536 calls, or 1s to 1d"},
        {{.window_size = std::numeric_limits<std::uint64_t>::max()},
         "window_size 9223372036854775807 is too large: 1 to 65536 calls, or 1s to 1d"},
        {{.window_type = time, .window_size = 0s}, "window_size 0s is too short: 1 to 65536 calls, or 1s to 1d"},
        {{.window_type = time, .window_size = 999'999'999ns},
         "window_size 999999999ns is too short: 1 to 65536 calls, or 1s to 1d"},
        {{.window_type = time, .window_size = 25h}, "window_size 25h is too long: 1 to 65536 calls, or 1s to 1d"},
        {{.window_type = time},
         "window_size 20 is a number of calls, and window_type is time: give a duration, 1s to 1d, or set window_type "
         "to count"},
        {{.window_size = 60s},
         "window_size 1m is a duration, and window_type is count: give a number of calls, 1 to 65536, or set "
         "window_type to time"},
        {{.window_type = static_cast<WindowType>(7)}, "window_type 7 is unknown: count or time"},
        {{.minimum_calls = 0}, "minimum_calls 0 is too small: 1 to 65536, and at most window_size calls"},
        {{.minimum_calls = 21}, "minimum_calls 21 is more than the window has, which is 20: 1 to 20"},
        {{.window_size = 3}, "minimum_calls 5 is more than the window has, which is 3: 1 to 3"},
        {{.slow_call_duration = 0s}, "slow_call_duration 0s is too short: 1ms to 366d"},
        {{.wait_duration = 999'999ns}, "wait_duration 999999ns is too short: 1ms to 366d"},
        {{.wait_duration = nanoseconds::max()}, "wait_duration 9223372036854775807ns is too long: 1ms to 366d"},
        {{.wait_multiplier = 0.99}, "wait_multiplier 0.99 is too small: 1.0 to 100.0"},
        {{.wait_multiplier = 1.004}, "wait_multiplier 1.004 is too near to 1.0: 1.0 for none, or 1.01 to 100.0"},
        {{.wait_multiplier = 100.5}, "wait_multiplier 100.5 is too large: 1.0 to 100.0"},
        {{.wait_multiplier = std::numeric_limits<double>::quiet_NaN()},
         "wait_multiplier nan is not a number: 1.0 to 100.0"},
        {{.half_open_requests = 0}, "half_open_requests 0 is too small: 1 to 1024"},
        {{.max_half_open_duration = -1s}, "max_half_open_duration -1s is too short: 1ms to 366d"},
        {{.mode = static_cast<BreakerMode>(9)}, "mode 9 is unknown: auto, forced_open, forced_closed or observe"},
    }};
    for (const auto& [options, message] : table)
        EXPECT_EQ(refusal(options), "breaker \"payments\": " + std::string{message});
    EXPECT_EQ(refusal({}), "") << "all options have defaults";
}

// Fails when a bound is off by one.
TEST(BreakerOptions, BoundsAreAccepted) {
    EXPECT_EQ(refusal({.window_size = 1,
                       .minimum_calls = 1,
                       .failure_threshold = 1,
                       .slow_call_threshold = 1,
                       .slow_call_duration = 1ms,
                       .wait_duration = 1ms,
                       .wait_multiplier = 1.0,
                       .wait_duration_max = 1ms,
                       .half_open_requests = 1,
                       .max_half_open_duration = 1ms}),
              "");
    EXPECT_EQ(refusal({.window_size = 65'536,
                       .minimum_calls = 65'536,
                       .failure_threshold = 100,
                       .slow_call_threshold = 100,
                       .slow_call_duration = 366 * 24h,
                       .wait_duration = 366 * 24h,
                       .wait_multiplier = 100.0,
                       .wait_duration_max = 366 * 24h,
                       .half_open_requests = 1'024,
                       .max_half_open_duration = 366 * 24h}),
              "");
    EXPECT_EQ(refusal({.window_type = WindowType::time, .window_size = 1s, .minimum_calls = 65'536}), "");
    EXPECT_EQ(refusal({.window_type = WindowType::time, .window_size = 24h}), "");
}

// Fails when a text is taken for something else, or refused without a word on what is accepted.
TEST(BreakerOptions, TextsAreParsedAndPrinted) {
    const auto table = breaker_option_table();
    const auto parse = [&](std::string_view name, std::string_view text) -> std::string {
        BreakerOptions options;
        const auto* option = find_option(table, name);
        const auto done = option->parse(options, *option, text);
        return done ? option->print(options) : done.error().message;
    };
    EXPECT_EQ(parse("window_size", "100"), "100");
    EXPECT_EQ(parse("window_size", "90s"), "90s");
    EXPECT_EQ(parse("window_size", "0"), "0") << "for mistakes() to judge";
    EXPECT_EQ(parse("window_size", "many"),
              "window_size \"many\" is neither a number of calls nor a duration: 1 to 65536 calls, or 1s to 1d");
    EXPECT_EQ(parse("window_size", "99999999999999999999"),
              "window_size 99999999999999999999 is too large: 1 to 65536 calls, or 1s to 1d");
    EXPECT_EQ(parse("wait_multiplier", "1.5"), "1.5");
    EXPECT_EQ(parse("wait_multiplier", "2"), "2");
    EXPECT_EQ(parse("wait_multiplier", "1.3333"), "1.33");
    EXPECT_EQ(parse("wait_multiplier", "twice"), "wait_multiplier \"twice\" is not a number: 1.0 to 100.0");
    EXPECT_EQ(parse("wait_multiplier", "2x"), "wait_multiplier \"2x\" is not a number: 1.0 to 100.0");
    EXPECT_EQ(parse("mode", "auto"), "auto");
    EXPECT_EQ(parse("mode", "forced_open"), "forced_open");
    EXPECT_EQ(parse("mode", "open"), "mode \"open\" is unknown: auto, forced_open, forced_closed or observe");
    EXPECT_EQ(parse("window_type", "time"), "time");
}

BreakerOptions any_options(std::mt19937_64& random) {
    const auto below = [&](std::uint64_t n) { return random() % n; };
    const auto span = [&] {
        return nanoseconds{static_cast<std::int64_t>(1'000'000 + below(breaker_law::max_duration))};
    };
    const bool time = below(2) == 0;
    const std::uint64_t calls = 1 + below(65'536);
    return {.window_type = time ? WindowType::time : WindowType::count,
            .window_size = time ? WindowSize{1s + nanoseconds{static_cast<std::int64_t>(below(80'000'000'000'000))}}
                                : WindowSize{calls},
            .minimum_calls = 1 + below(calls),
            .failure_threshold = 1 + below(100),
            .slow_call_threshold = 1 + below(100),
            .slow_call_duration = span(),
            .wait_duration = span(),
            .wait_multiplier = static_cast<double>(100 + below(9'901)) / 100,
            .wait_duration_max = span(),
            .half_open_requests = 1 + below(1'024),
            .max_half_open_duration = span(),
            .mode = static_cast<BreakerMode>(below(4))};
}

// Fails when an option is lost or rounded on its way into the segment and back.
TEST(BreakerTerms, GiveBackTheOptionsThatTheyWereMadeOf) {
    std::mt19937_64 random{test::seed_or(61)};
    for (int i = 0; i < 100'000; ++i) {
        BreakerOptions options = any_options(random);
        for (nanoseconds* each : {&options.slow_call_duration, &options.wait_duration, &options.wait_duration_max,
                                  &options.max_half_open_duration})
            *each = std::min<nanoseconds>(*each, 366 * 24h);
        ASSERT_EQ(refusal(options), "");
        ASSERT_EQ(to_options(unpack_breaker(pack(compile(options)))), options);
    }
}

// Fails when a scribbled term leads the law astray: to a window of nothing, a wait that wraps, a threshold that all or nobody meets.
TEST(BreakerTerms, WhateverIsScribbledTheyAreOnesThatOptionsCouldHave) {
    std::mt19937_64 random{test::seed_or(62)};
    for (int i = 0; i < 100'000; ++i) {
        shm::wide_terms values{};
        for (auto& value : values) value = random() >> (random() % 64);
        BreakerOptions options = to_options(unpack_breaker(values));
        if (options.window_type == WindowType::count)
            options.minimum_calls =
                std::min(options.minimum_calls, static_cast<std::uint64_t>(options.window_size.calls()));
        ASSERT_EQ(refusal(options), "");
    }
}

}  // namespace
}  // namespace seki::primitives
