// Every option of every kind, by the text that people write: what is accepted at both ends of its range and what is refused beyond them, nonsense, and
// what can change.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "primitives/every_family.hpp"

namespace seki::primitives {
namespace {

// Empty: there is none, as of a number below 0.
struct range {
    std::string_view name, below, least, greatest, beyond;
};

// What is wrong with an option that is given as this text; empty: nothing.
template <class Options>
std::string fault(Options options, std::string_view name, std::string_view text) {
    const auto* const option = find_option(family<Options>::options(), name);
    if (option == nullptr) return "there is none";
    if (const auto read = option->parse(options, *option, text); !read) return read.error().message;
    for (const option_mistake& each : family<Options>::mistakes(options))
        if (each.option == name) return each.message;
    return {};
}

template <class Options>
void expect_ranges(const Options& others, const std::vector<range>& ranges) {
    for (const range& each : ranges) {
        const std::string begins{each.name};
        EXPECT_EQ(fault(others, each.name, each.least), "") << each.name;
        EXPECT_EQ(fault(others, each.name, each.greatest), "") << each.name;
        if (!each.below.empty()) {
            const std::string said = fault(others, each.name, each.below);
            EXPECT_TRUE(said.starts_with(begins + " ")) << each.name << ": " << said;
            EXPECT_TRUE(said.contains("is too small: ") || said.contains("is too short: ")) << said;
        }
        const std::string said = fault(others, each.name, each.beyond);
        EXPECT_TRUE(said.starts_with(begins + " ")) << each.name << ": " << said;
        EXPECT_TRUE(said.contains("is too large: ") || said.contains("is too long: ")) << said;
    }
}

// Fails if an end of a range is another, is refused, or what lies beyond it is not, in words that say which way.
TEST(OptionEdges, BothEndsOfARangeAreAcceptedAndNothingBeyond) {
    expect_ranges(LimiterOptions{.limit = 1, .window = std::chrono::hours{24 * 366}, .max_keys = 1},
                  {{"limit", "0", "1", "10000000", "10000001"},
                   {"max_keys", "0", "1", "67108864", "67108865"},
                   {"window", "999us", "1ms", "366d", "367d"},
                   {"burst", "", "0", "10", "10000001"}});
    expect_ranges(BreakerOptions{.window_size = 65'536, .minimum_calls = 1},
                  {{"minimum_calls", "0", "1", "65536", "65537"},
                   {"failure_threshold", "0", "1", "100", "101"},
                   {"slow_call_threshold", "0", "1", "100", "101"},
                   {"slow_call_duration", "999us", "1ms", "366d", "367d"},
                   {"wait_duration", "999us", "1ms", "366d", "367d"},
                   {"wait_multiplier", "0.99", "1", "100", "100.01"},
                   {"wait_duration_max", "999us", "1ms", "366d", "367d"},
                   {"half_open_requests", "0", "1", "1024", "1025"},
                   {"max_half_open_duration", "999us", "1ms", "366d", "367d"},
                   {"window_size", "0", "1", "65536", "65537"}});
    expect_ranges(BreakerOptions{.window_type = WindowType::time, .window_size = std::chrono::seconds{60}},
                  {{"window_size", "999ms", "1s", "1d", "25h"}});
    expect_ranges(BulkheadOptions{.max_concurrent = 1}, {{"max_concurrent", "0", "1", "65535", "65536"},
                                                         {"max_wait", "", "0s", "1d", "25h"},
                                                         {"max_waiting", "", "0", "65535", "65536"}});
    expect_ranges(AdaptiveOptions{.max_limit = 65'535}, {{"min_limit", "0", "1", "20", "65536"},
                                                         {"max_limit", "0", "20", "65535", "65536"},
                                                         {"initial_limit", "0", "1", "65535", "65536"},
                                                         {"backoff_ratio", "0.49", "0.5", "0.99", "1"},
                                                         {"tolerance", "0.99", "1", "10", "10.01"},
                                                         {"smoothing", "0", "0.01", "1", "1.01"},
                                                         {"window", "0", "1", "10000", "10001"},
                                                         {"timeout", "999us", "1ms", "18m", "1081s"},
                                                         {"probe_interval", "999ms", "1s", "1d", "25h"},
                                                         {"max_wait", "", "0s", "1d", "25h"},
                                                         {"max_waiting", "", "0", "65535", "65536"}});
    expect_ranges(ShedderOptions{.max_in_flight = 1}, {{"max_in_flight", "0", "1", "65535", "65536"},
                                                       {"target", "999us", "1ms", "1m", "61s"},
                                                       {"interval", "999us", "1ms", "1h", "61m"}});
    expect_ranges(RetryOptions{.base_delay = std::chrono::nanoseconds{0}, .max_delay = std::chrono::hours{24}},
                  {{"max_attempts", "0", "1", "100", "101"},
                   {"base_delay", "", "0s", "1d", "25h"},
                   {"max_delay", "", "0s", "1d", "25h"},
                   {"ratio", "-0.1", "0", "100", "100.001"},
                   {"min_per_second", "", "0", "1000000", "1000001"}});
    expect_ranges(HedgeOptions{}, {{"max_extra", "", "0", "10", "11"},
                                   {"delay", "", "0s", "1h", "61m"},
                                   {"percentile", "-0.1", "0", "99.9", "99.91"},
                                   {"min_delay", "", "0s", "1h", "61m"},
                                   {"ratio", "-0.1", "0", "100", "100.001"},
                                   {"min_per_second", "", "0", "1000000", "1000001"}});
    expect_ranges(PolicyOptions{}, {{"deadline", "", "0s", "366d", "367d"}});
}

// Fails if nonsense is taken for a value, or the words do not begin with the option and end with what it accepts.
TEST(OptionEdges, NonsenseIsRefusedByTheNameOfTheOption) {
    const auto expect_refused = [](std::vector<std::string_view> texts) {
        return [texts](const auto& option, auto options) {
            for (const std::string_view text : texts) {
                const auto read = option.parse(options, option, text);
                ASSERT_FALSE(read) << option.name << " " << text;
                EXPECT_TRUE(read.error().message.starts_with(std::string{option.name} + " ")) << read.error().message;
                EXPECT_TRUE(read.error().message.ends_with(option.accepted)) << read.error().message;
            }
        };
    };
    const auto number =
        expect_refused({"", "x", "1x", " 1", "-1", "-", "1.5", "184467440737095516150", "-99999999999999999999"});
    const auto fraction = expect_refused({"", "x", "1x", " 1", "0.5 ", "1e999"});
    const auto duration = expect_refused({"", "x", "1", "1x", "-1s", "1s1h", "99999999999999999999s", "300000d"});
    const auto word = expect_refused({"", "nonsense", "Auto", "gcra "});
    const auto flag = expect_refused({"", "yes", "True", "1"});
    every_options::each([&]<class Options>() {
        for (const option<Options>& each : family<Options>::options()) {
            switch (each.kind) {
                case value_kind::number: number(each, Options{}); break;
                case value_kind::fraction: fraction(each, Options{}); break;
                case value_kind::duration: duration(each, Options{}); break;
                case value_kind::flag: flag(each, Options{}); break;
                case value_kind::word:
                    if constexpr (!std::is_same_v<Options, PolicyOptions>) word(each, Options{});
                    break;
                default: break;
            }
        }
    });
}

// Fails if a number that cannot be held is said to be beyond the wrong end, or the greatest that can be is not taken.
TEST(OptionEdges, NumbersThatCannotBeHeldAreBeyondTheirEnd) {
    const auto said = [](std::string_view text) { return fault(LimiterOptions{.limit = 1}, "limit", text); };
    EXPECT_TRUE(said("184467440737095516150").contains("is too large")) << said("184467440737095516150");
    EXPECT_TRUE(said("18446744073709551616").contains("is too large"));
    EXPECT_TRUE(said("-99999999999999999999").contains("is too small")) << said("-99999999999999999999");
    EXPECT_TRUE(said("-1").contains("is too small"));
    LimiterOptions options;
    const auto* const limit = find_option(family<LimiterOptions>::options(), "limit");
    ASSERT_TRUE(limit->parse(options, *limit, "18446744073709551615"));
    EXPECT_EQ(options.limit, ~0ULL);
}

// Fails if a part of a policy that is printed as none is not read as none.
TEST(OptionEdges, ThePartsOfAPolicyAreReadAsTheyArePrinted) {
    for (const auto& each : family<PolicyOptions>::options()) {
        if (each.kind != value_kind::word) continue;
        PolicyOptions read;
        ASSERT_TRUE(each.parse(read, each, "it"));
        EXPECT_EQ(each.print(read), "it");
        ASSERT_TRUE(each.parse(read, each, each.print(PolicyOptions{}))) << each.name;
        EXPECT_EQ(read, PolicyOptions{});
        EXPECT_FALSE(each.parse(read, each, "-it"));
    }
}

// Fails if one that is made for good can change, or one that can change is kept from it.
TEST(OptionEdges, AllOptionsCanChangeButThreeOfALimiter) {
    std::vector<std::string_view> fixed;
    every_options::each([&]<class Options>() {
        for (const option<Options>& each : family<Options>::options())
            if (!each.can_change) fixed.push_back(each.name);
    });
    EXPECT_EQ(fixed, (std::vector<std::string_view>{"algorithm", "max_keys", "store_keys"}));
}

// Fails if a number that the option's own type cannot hold loses its upper half, instead of being too large.
TEST(OptionEdges, ANumberBeyondItsTypeIsTooLarge) {
    EXPECT_NE(fault(RetryOptions{}, "max_attempts", "4294967299"), "") << "3 is fine, and this is no 3";
    EXPECT_NE(fault(HedgeOptions{}, "max_extra", "4294967297"), "");
    EXPECT_NE(fault(LimiterOptions{}, "limit", "18446744073709551617"), "");
}

// Fails if a flag is anything but true or false, or one is taken for the other.
TEST(OptionEdges, AFlagIsTrueOrFalse) {
    for (const bool wanted : {true, false}) {
        LimiterOptions options{.store_keys = !wanted};
        const auto* const option = find_option(family<LimiterOptions>::options(), "store_keys");
        ASSERT_TRUE(option->parse(options, *option, wanted ? "true" : "false"));
        EXPECT_EQ(options.store_keys, wanted);
        EXPECT_EQ(option->print(options), wanted ? "true" : "false");
    }
    for (const std::string_view other : {"", "yes", "True", "1"})
        EXPECT_TRUE(fault(LimiterOptions{}, "store_keys", other).contains("is unknown")) << other;
}

// Fails if an initial limit outside of the limits of an adaptive limit is accepted, or one at either of them refused.
TEST(OptionEdges, AnAdaptiveLimitBeginsBetweenItsLimits) {
    const auto with = [](std::uint64_t initial) {
        return family<AdaptiveOptions>::mistakes({.min_limit = 5, .max_limit = 9, .initial_limit = initial});
    };
    EXPECT_TRUE(with(5).empty() && with(9).empty());
    for (const std::uint64_t outside : {4U, 10U}) {
        ASSERT_EQ(with(outside).size(), 1U) << outside;
        EXPECT_EQ(with(outside).front().option, "initial_limit");
    }
}

// Fails if a number that names nothing is read beyond the end of the names.
TEST(OptionEdges, AWordThatThereIsNotIsUnknown) {
    EXPECT_EQ(to_string(static_cast<Mode>(3)), "unknown");
    EXPECT_EQ(to_string(static_cast<Algorithm>(255)), "unknown");
    EXPECT_EQ(to_string(static_cast<BreakerMode>(4)), "unknown");
}

// Fails if a burst of the same number of bursts, or of none, is taken for another; or one that differs for the same.
TEST(OptionEdges, ABurstDiffersOnlyWhereThereIsOne) {
    const auto* const option = find_option(family<LimiterOptions>::options(), "burst");
    const auto same = [&](const LimiterOptions& a, const LimiterOptions& b) { return option->same(a, b); };
    const LimiterOptions none{.limit = 10}, ten{.limit = 10, .burst = 10}, four{.limit = 10, .burst = 4};
    LimiterOptions windowed = four;
    windowed.algorithm = Algorithm::fixed_window;
    EXPECT_TRUE(same(none, ten) && same(ten, none) && same(four, four));
    EXPECT_FALSE(same(four, ten) || same(none, four));
    EXPECT_TRUE(same(four, windowed)) << "the law differs, and says so itself";
    EXPECT_TRUE(same(none, {.limit = 20})) << "it follows the limit";
}

}  // namespace
}  // namespace seki::primitives
