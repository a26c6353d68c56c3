// Breakers and bulkheads in configuration files: what a good section gives, and the exact words for each bad one.
#include <gtest/gtest.h>

#include "bad_text.hpp"
#include "config/configuration.hpp"

namespace seki::config {
namespace {

using namespace std::chrono_literals;

// Fails when a key of a breaker goes to another option, or is rounded on its way.
TEST(Configuration, EveryKeyOfABreakerIsRead) {
    const auto read = parse(R"(
        [breaker.payments]
        window_type = "time"
        window_size = "90s"
        minimum_calls = 40
        failure_threshold = 30
        slow_call_threshold = 70
        slow_call_duration = "250ms"
        wait_duration = "5s"
        wait_multiplier = 1.5
        wait_duration_max = "2m"
        half_open_requests = 3
        max_half_open_duration = "20s"
        mode = "observe"
    )",
                            "f");
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->of<BreakerOptions>().size(), 1U);
    EXPECT_EQ(read->of<BreakerOptions>()[0].first, "payments");
    EXPECT_EQ(read->of<BreakerOptions>()[0].second, (BreakerOptions{.window_type = WindowType::time,
                                                                    .window_size = 90s,
                                                                    .minimum_calls = 40,
                                                                    .failure_threshold = 30,
                                                                    .slow_call_threshold = 70,
                                                                    .slow_call_duration = 250ms,
                                                                    .wait_duration = 5s,
                                                                    .wait_multiplier = 1.5,
                                                                    .wait_duration_max = 2min,
                                                                    .half_open_requests = 3,
                                                                    .max_half_open_duration = 20s,
                                                                    .mode = BreakerMode::observe}));
}

// Fails when a breaker without keys has other options than the documented ones.
TEST(Configuration, ABreakerWithoutKeysHasTheDefaults) {
    const auto read = parse("[breaker.payments]", "f");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->of<BreakerOptions>()[0].second, (BreakerOptions{.window_type = WindowType::count,
                                                                    .window_size = 20,
                                                                    .minimum_calls = 5,
                                                                    .failure_threshold = 50,
                                                                    .slow_call_threshold = 80,
                                                                    .slow_call_duration = 2s,
                                                                    .wait_duration = 30s,
                                                                    .wait_multiplier = 1.0,
                                                                    .wait_duration_max = 10min,
                                                                    .half_open_requests = 5,
                                                                    .max_half_open_duration = 60s,
                                                                    .mode = BreakerMode::automatic}));
}

// Fails when one of the ways to write a window or a multiplier is refused, or means something else.
TEST(Configuration, AWindowIsANumberOrADurationAndAMultiplierNeedsNoPoint) {
    const auto breaker = [](std::string_view keys) {
        const auto read = parse("[breaker.a]\n" + std::string{keys}, "f");
        EXPECT_TRUE(read) << read.error().message;
        return read ? read->of<BreakerOptions>()[0].second : BreakerOptions{};
    };
    EXPECT_EQ(breaker("window_size = 100").window_size, WindowSize{100});
    EXPECT_EQ(breaker("window_size = '100'").window_size, WindowSize{100}) << "as sekictl takes it";
    EXPECT_EQ(breaker("window_type = 'time'\nwindow_size = '1h30m'").window_size, WindowSize{90min});
    EXPECT_EQ(breaker("wait_multiplier = 2").wait_multiplier, 2.0);
    EXPECT_EQ(breaker("wait_multiplier = 2.25").wait_multiplier, 2.25);
}

// Fails when an option of a bulkhead is not read, or a default differs from the documented one.
TEST(Configuration, BulkheadsAreRead) {
    const auto read = parse(R"(
        [bulkhead.database]
        max_concurrent = 20
        max_wait = "250ms"
        max_waiting = 0
        [bulkhead.cache]
        [limiter.database]
        limit = 1
        window = "1s"
    )",
                            "f");
    ASSERT_TRUE(read) << read.error().message;
    const auto& bulkheads = read->of<BulkheadOptions>();
    ASSERT_EQ(bulkheads.size(), 2U);
    EXPECT_EQ(bulkheads[0].first, "database");
    EXPECT_EQ(bulkheads[0].second, (BulkheadOptions{.max_concurrent = 20, .max_wait = 250ms, .max_waiting = 0}));
    EXPECT_EQ(bulkheads[1].second, (BulkheadOptions{.max_concurrent = 10, .max_wait = 0s, .max_waiting = 100}));
}

INSTANTIATE_TEST_SUITE_P(
    BreakerWindows, BadConfiguration,
    testing::Values(
        bad_text{"[breaker.a]\nwindow_size = 0",
                 R"(f:2:15: breaker "a": window_size 0 is too small: 1 to 65536 calls, or 1s to 1d)"},
        bad_text{"[breaker.a]\nwindow_size = 65537",
                 R"(f:2:15: breaker "a": window_size 65537 is too large: 1 to 65536 calls, or 1s to 1d)"},
        bad_text{
            "[breaker.a]\nwindow_size = 20.0",
            R"(f:2:15: breaker "a": window_size 20.0 is a fraction, not a whole number or a duration in quotes such as "30s": 1 to 65536 calls, or 1s to 1d)"},
        bad_text{
            "[breaker.a]\nwindow_size = true",
            R"(f:2:15: breaker "a": window_size true is a switch, not a whole number or a duration in quotes such as "30s": 1 to 65536 calls, or 1s to 1d)"},
        bad_text{
            "[breaker.a]\nwindow_size = \"many\"",
            R"(f:2:15: breaker "a": window_size "many" is neither a number of calls nor a duration: 1 to 65536 calls, or 1s to 1d)"},
        bad_text{
            "[breaker.a]\nwindow_size = \"60s\"",
            R"(f:2:15: breaker "a": window_size 1m is a duration, and window_type is count: give a number of calls, 1 to 65536, or set window_type to time)"},
        bad_text{
            "[breaker.a]\nwindow_type = \"time\"",
            R"(f:1:10: breaker "a": window_size 20 is a number of calls, and window_type is time: give a duration, 1s to 1d, or set window_type to count)"},
        bad_text{"[breaker.a]\nwindow_type = \"time\"\nwindow_size = \"500ms\"",
                 R"(f:3:15: breaker "a": window_size 500ms is too short: 1 to 65536 calls, or 1s to 1d)"},
        bad_text{"[breaker.a]\nwindow_type = \"time\"\nwindow_size = \"25h\"",
                 R"(f:3:15: breaker "a": window_size 25h is too long: 1 to 65536 calls, or 1s to 1d)"},
        bad_text{"[breaker.a]\nwindow_type = \"sliding\"",
                 R"(f:2:15: breaker "a": window_type "sliding" is unknown: count or time)"},
        bad_text{"[breaker.a]\nwindow_size = 10\nminimum_calls = 11",
                 R"(f:3:17: breaker "a": minimum_calls 11 is more than the window has, which is 10: 1 to 10)"},
        bad_text{"[breaker.a]\nwindow_size = 3",
                 R"(f:1:10: breaker "a": minimum_calls 5 is more than the window has, which is 3: 1 to 3)"},
        bad_text{"[breaker.a]\nminimum_calls = 0",
                 R"(f:2:17: breaker "a": minimum_calls 0 is too small: 1 to 65536, and at most window_size calls)"}));

INSTANTIATE_TEST_SUITE_P(
    Breakers, BadConfiguration,
    testing::Values(
        bad_text{"[breaker.a]\nfailure_threshold = 0",
                 R"(f:2:21: breaker "a": failure_threshold 0 is too small: 1 to 100 %)"},
        bad_text{"[breaker.a]\nfailure_threshold = 101",
                 R"(f:2:21: breaker "a": failure_threshold 101 is too large: 1 to 100 %)"},
        bad_text{"[breaker.a]\nfailure_threshold = 0.5",
                 R"(f:2:21: breaker "a": failure_threshold 0.5 is a fraction, not a whole number: 1 to 100 %)"},
        bad_text{"[breaker.a]\nfailure_threshold = \"50%\"",
                 R"(f:2:21: breaker "a": failure_threshold "50%" is text, not a whole number: 1 to 100 %)"},
        bad_text{"[breaker.a]\nslow_call_threshold = 1000",
                 R"(f:2:23: breaker "a": slow_call_threshold 1000 is too large: 1 to 100 %)"},
        bad_text{
            "[breaker.a]\nslow_call_duration = 2",
            R"(f:2:22: breaker "a": slow_call_duration 2 is a number, not a duration in quotes such as "30s": 1ms to 366d)"},
        bad_text{"[breaker.a]\nwait_duration = \"0s\"",
                 R"(f:2:17: breaker "a": wait_duration 0s is too short: 1ms to 366d)"},
        bad_text{
            "[breaker.a]\nwait_duration = \"30\"",
            R"(f:2:17: breaker "a": wait_duration "30" has no unit: a duration is written "250ms", "30s", "1m", "2h" or "1d"; accepted are 1ms to 366d)"},
        bad_text{"[breaker.a]\nwait_multiplier = 0.5",
                 R"(f:2:19: breaker "a": wait_multiplier 0.5 is too small: 1.0 to 100.0)"},
        bad_text{"[breaker.a]\nwait_multiplier = 100.5",
                 R"(f:2:19: breaker "a": wait_multiplier 100.5 is too large: 1.0 to 100.0)"},
        bad_text{"[breaker.a]\nwait_multiplier = 1e30",
                 R"(f:2:19: breaker "a": wait_multiplier 1e+30 is too large: 1.0 to 100.0)"},
        bad_text{"[breaker.a]\nwait_multiplier = nan",
                 R"(f:2:19: breaker "a": wait_multiplier nan is not a number: 1.0 to 100.0)"},
        bad_text{"[breaker.a]\nwait_multiplier = \"2.0\"",
                 R"(f:2:19: breaker "a": wait_multiplier "2.0" is text, not a number: 1.0 to 100.0)"},
        bad_text{"[breaker.a]\nwait_duration_max = \"400d\"",
                 R"(f:2:21: breaker "a": wait_duration_max 400d is too long: 1ms to 366d)"},
        bad_text{"[breaker.a]\nhalf_open_requests = 1025",
                 R"(f:2:22: breaker "a": half_open_requests 1025 is too large: 1 to 1024)"},
        bad_text{
            "[breaker.a]\nmax_half_open_duration = []",
            R"(f:2:26: breaker "a": max_half_open_duration is a list, not a duration in quotes such as "30s": 1ms to 366d)"},
        bad_text{"[breaker.a]\nmode = \"open\"",
                 R"(f:2:8: breaker "a": mode "open" is unknown: auto, forced_open, forced_closed or observe)"},
        bad_text{
            "[breaker.a]\nmode = false",
            R"(f:2:8: breaker "a": mode false is a switch, not text in quotes: auto, forced_open, forced_closed or observe)"},
        bad_text{
            "[breaker.a]\nwindow_sise = 5",
            R"(f:2:1: breaker "a": key "window_sise" is unknown: did you mean "window_size"? accepted are window_type, window_size, minimum_calls, failure_threshold, slow_call_threshold, slow_call_duration, wait_duration, wait_multiplier, wait_duration_max, half_open_requests, max_half_open_duration, mode)"},
        bad_text{
            "[breaker.a]\nmax_concurrent = 5",
            R"(f:2:1: breaker "a": key "max_concurrent" is unknown: accepted are window_type, window_size, minimum_calls, failure_threshold, slow_call_threshold, slow_call_duration, wait_duration, wait_multiplier, wait_duration_max, half_open_requests, max_half_open_duration, mode)"},
        bad_text{
            "[breakr.a]",
            R"(f:1:2: section "breakr" is unknown: did you mean [breaker.NAME]? accepted are [segment], [sekid], [otlp], [limiter.NAME], [breaker.NAME], [bulkhead.NAME], [adaptive.NAME], [shedder.NAME], [retry.NAME], [hedge.NAME] and [policy.NAME])"},
        bad_text{"[breaker]\nmode = \"auto\"", R"(f:2:1: [breaker] has no name: write [breaker.NAME] above "mode")"},
        bad_text{"[[breaker.a]]", R"(f:1:11: breaker "a" is a list: write [breaker.a] once, in single brackets)"},
        bad_text{
            R"([breaker."a/b"])",
            R"(f:1:10: breaker "a/b": the name has "/" at position 2: 1 to 63 letters, digits, "_", "." or "-", not beginning with "." or "-")"}));

INSTANTIATE_TEST_SUITE_P(
    Bulkheads, BadConfiguration,
    testing::Values(
        bad_text{"[bulkhead.a]\nmax_concurrent = 0",
                 R"(f:2:18: bulkhead "a": max_concurrent 0 is too small: 1 to 65535)"},
        bad_text{"[bulkhead.a]\nmax_concurrent = 65536",
                 R"(f:2:18: bulkhead "a": max_concurrent 65536 is too large: 1 to 65535)"},
        bad_text{
            "[bulkhead.a]\nmax_wait = 5",
            R"(f:2:12: bulkhead "a": max_wait 5 is a number, not a duration in quotes such as "30s": 0s (do not wait) to 1d)"},
        bad_text{"[bulkhead.a]\nmax_wait = \"2d\"",
                 R"(f:2:12: bulkhead "a": max_wait 2d is too long: 0s (do not wait) to 1d)"},
        bad_text{"[bulkhead.a]\nmax_waiting = -1", R"(f:2:15: bulkhead "a": max_waiting -1 is too small: 0 to 65535)"},
        bad_text{
            "[bulkhead.a]\nmax_concurent = 1",
            R"(f:2:1: bulkhead "a": key "max_concurent" is unknown: did you mean "max_concurrent"? accepted are max_concurrent, max_wait, max_waiting)"},
        bad_text{"[bulkhead]\nmax_wait = \"1s\"",
                 R"(f:2:1: [bulkhead] has no name: write [bulkhead.NAME] above "max_wait")"},
        bad_text{"[bulkhead.a]\nmax_concurrent = 65536",
                 R"(f:2:18: bulkhead "a": max_concurrent 65536 is too large: 1 to 65535)"},
        bad_text{"[bulkhead.a]\nmax_concurrent = \"10\"",
                 R"(f:2:18: bulkhead "a": max_concurrent "10" is text, not a whole number: 1 to 65535)"},
        bad_text{
            "[bulkhead.a]\nmax_wait = 5",
            R"(f:2:12: bulkhead "a": max_wait 5 is a number, not a duration in quotes such as "30s": 0s (do not wait) to 1d)"},
        bad_text{
            "[bulkhead.a]\nmax_wait = \"-1s\"",
            R"(f:2:12: bulkhead "a": max_wait "-1s" is negative: a duration is written "250ms", "30s", "1m", "2h" or "1d"; accepted are 0s (do not wait) to 1d)"},
        bad_text{"[bulkhead.a]\nmax_waiting = 65536",
                 R"(f:2:15: bulkhead "a": max_waiting 65536 is too large: 0 to 65535)"},
        bad_text{"[bulkhead.a]\nmax_waiting = 1.5",
                 R"(f:2:15: bulkhead "a": max_waiting 1.5 is a fraction, not a whole number: 0 to 65535)"}));

}  // namespace
}  // namespace seki::config
