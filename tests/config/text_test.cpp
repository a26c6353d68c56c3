// Sizes, "did you mean", and the options of limiters as text.
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "config/nearest.hpp"
#include "config/set_option.hpp"
#include "config/size.hpp"
#include "primitives/every_family.hpp"

namespace seki::config {
namespace {

// Fails when a unit is off by a factor, or when printing loses a byte.
TEST(Size, IsPrintedInTheLargestUnitThatReadsBackExactly) {
    for (const std::string_view text : {"0", "1", "4097", "4KiB", "1537KiB", "64MiB", "1GiB", "16TiB"}) {
        const auto bytes = parse_size(text);
        ASSERT_TRUE(bytes) << text;
        EXPECT_EQ(format_size(*bytes), text);
    }
    EXPECT_EQ(parse_size("4096"), 4096U);
    EXPECT_EQ(parse_size("64MiB"), 64ULL << 20);
}

// Fails when an unknown unit is read as bytes, or a product wraps around.
TEST(Size, SaysWhatIsWrongWithAText) {
    EXPECT_EQ(parse_size("64MB").error().message,
              R"("64MB" is not a size: a size is written "64MiB", "1GiB" or "4096")");
    for (const std::string_view text : {"", "MiB", "-1", "1 MiB", "1.5GiB", "1MiB1KiB", "0x10"})
        EXPECT_FALSE(parse_size(text)) << text;
    for (const std::string_view text : {"16777216TiB", "18446744073709551616"})
        EXPECT_NE(parse_size(text).error().message.find("is too large"), std::string::npos) << text;
    EXPECT_TRUE(parse_size("16777215TiB"));
}

// Fails when a swap counts as two changes, or when anything at all is suggested for a word that nothing resembles.
TEST(Nearest, FindsTheWordThatWasMeantAndNothingFarFetched) {
    constexpr std::array<std::string_view, 5> words{"limit", "window", "burst", "max_keys", "mode"};
    EXPECT_EQ(nearest("limt", words), "limit");
    EXPECT_EQ(nearest("LIMIT", words), "limit");
    EXPECT_EQ(nearest("wnidow", words), "window");
    EXPECT_EQ(nearest("burts", words), "burst");
    EXPECT_EQ(nearest("max-keys", words), "max_keys");
    EXPECT_EQ(nearest("win", words), "window");
    EXPECT_EQ(nearest("rate", words), std::nullopt);
    EXPECT_EQ(nearest("", words), std::nullopt);
    EXPECT_EQ(nearest(std::string(100'000, 'l'), words), std::nullopt);
}

// Fails when an option is printed in a form that is not accepted, or is missing from the list.
TEST(LimiterOption, EveryListedTextIsTakenBack) {
    const LimiterOptions original{.algorithm = Algorithm::leaky_bucket,
                                  .limit = 7,
                                  .window = std::chrono::milliseconds{1500},
                                  .burst = 9,
                                  .max_keys = 123,
                                  .on_full = OnFull::deny,
                                  .mode = Mode::shadow,
                                  .clock = Clock::coarse,
                                  .store_keys = false};
    LimiterOptions copy;
    for (const auto& [name, text] : primitives::list_options(primitives::limiter_option_table(), original))
        ASSERT_TRUE(set_option(copy, name, text)) << name;
    EXPECT_EQ(copy, original);
}

// Fails when a sentence grows with the number of names that a file declares.
TEST(Nearest, ListsSomeOfMany) {
    std::vector<std::string> names;
    for (int i = 0; i < 40; ++i) names.push_back("n" + std::to_string(i));
    const std::string told = unknown_word("login", std::vector<std::string_view>{names.begin(), names.end()});
    EXPECT_TRUE(told.starts_with(" is unknown: accepted are n0, n1, ")) << told;
    EXPECT_TRUE(told.ends_with(", n31 and 8 more")) << told;
}

// Fails when the windows are said to have a burst.
TEST(LimiterOption, WindowsListNoBurst) {
    for (const auto& [name, text] : primitives::list_options(
             primitives::limiter_option_table(), LimiterOptions{.algorithm = Algorithm::fixed_window, .limit = 5}))
        EXPECT_NE(name, "burst");
}

struct bad_value {
    std::string_view option, text, message;
};

// Fails when a burst of its own cannot be taken back.
TEST(LimiterOption, BurstOfZeroFollowsTheLimit) {
    LimiterOptions options{.limit = 5, .window = std::chrono::minutes{1}, .burst = 7};
    ASSERT_TRUE(set_option(options, "burst", "0"));
    EXPECT_EQ(options.burst, 0U);
}

// Fails when a bad text is taken, or when a refusal does not name the option, the fault and what is accepted.
TEST(LimiterOption, BadTextsAreRefusedAndChangeNothing) {
    const std::array<bad_value, 12> table{{
        {"limt", "5",
         "option \"limt\" is unknown: did you mean \"limit\"? accepted are algorithm, limit, window, burst, max_keys, "
         "on_full, "
         "mode, clock, store_keys"},
        {"limit", "", "limit \"\" is not a whole number: 1 to 10000000 per window"},
        {"limit", "ten", "limit \"ten\" is not a whole number: 1 to 10000000 per window"},
        {"limit", "1.5", "limit \"1.5\" is not a whole number: 1 to 10000000 per window"},
        {"limit", "-5", "limit -5 is too small: 1 to 10000000 per window"},
        {"limit", "18446744073709551616", "limit 18446744073709551616 is too large: 1 to 10000000 per window"},
        {"burst", "-1", "burst -1 is too small: 1 to 10000000, or 0 to follow limit, as when left out"},
        {"window", "30",
         "window \"30\" has no unit: a duration is written \"250ms\", \"30s\", \"1m\", \"2h\" or \"1d\"; accepted are "
         "1ms to 366d"},
        {"mode", "Shadow", "mode \"Shadow\" is unknown: enforce, shadow or off"},
        {"algorithm", "gcar",
         "algorithm \"gcar\" is unknown: gcra, token_bucket, leaky_bucket, sliding_window or fixed_window"},
        {"store_keys", "yes", "store_keys \"yes\" is unknown: true or false"},
        {"clock", "\x1b[31m", "clock \"\\x1b[31m\" is unknown: precise or coarse"},
    }};
    for (const bad_value& bad : table) {
        LimiterOptions options;
        const auto result = set_option(options, bad.option, bad.text);
        ASSERT_FALSE(result) << bad.option << "=" << bad.text;
        EXPECT_EQ(result.error().code, Errc::invalid_argument);
        EXPECT_EQ(result.error().message, bad.message);
        EXPECT_EQ(options, LimiterOptions{});
    }
}

}  // namespace
}  // namespace seki::config
