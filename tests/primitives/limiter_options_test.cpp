// Which options of limiters are accepted, what is said about the others, and what terms are made of them.
#include "primitives/limiter_options.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <random>

#include "primitives/duration.hpp"
#include "primitives/name.hpp"
#include "primitives/registry.hpp"

namespace seki::primitives {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr std::array all_algorithms{Algorithm::gcra, Algorithm::token_bucket, Algorithm::leaky_bucket,
                                    Algorithm::sliding_window, Algorithm::fixed_window};

LimiterOptions five_a_minute() { return {.limit = 5, .window = 1min}; }

std::uint64_t seed() {
    const char* given = std::getenv("SEKI_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

std::string message_of(const Result<void>& result) { return result ? "" : result.error().message; }

std::string refusal(const LimiterOptions& options) { return message_of(limiters::validate("login", options)); }

// As registry::may_change() and the family of limiters ask it, for a limiter whose state has counts of that size.
Result<void> validate_change(std::string_view name, const LimiterOptions& existing, const LimiterOptions& wanted,
                             unsigned count_bits) {
    if (auto fine = limiters::validate(name, wanted); !fine) return fine;
    if (auto fine = check_fixed_options(limiter_option_table(), "limiter", name, existing, wanted); !fine) return fine;
    return check_count_bits(name, wanted, count_bits);
}

struct bad_options {
    LimiterOptions options;
    std::string_view message;
};

// Fails when a value outside a range passes, or when the words do not name the limiter, the fault and what is accepted.
TEST(LimiterOptions, OutOfRangeAreRefusedWithWhatIsAccepted) {
    const std::array<bad_options, 14> table{{
        {{.limit = 0, .window = 1s}, "limit 0 is too small: 1 to 10000000 per window"},
        {{.limit = 10'000'001, .window = 1h}, "limit 10000001 is too large: 1 to 10000000 per window"},
        {{.limit = 1}, "window 0s is too short: 1ms to 366d"},
        {{.limit = 1, .window = -5s}, "window -5s is too short: 1ms to 366d"},
        {{.limit = 1, .window = nanoseconds::min()}, "window -9223372036854775808ns is too short: 1ms to 366d"},
        {{.limit = 1, .window = 999'999ns}, "window 999999ns is too short: 1ms to 366d"},
        {{.limit = 1, .window = 24h * 366 + 1ns}, "window 366d1ns is too long: 1ms to 366d"},
        {{.limit = 1, .window = 1s, .burst = 10'000'001},
         "burst 10000001 is too large: 1 to 10000000, or left out to equal limit"},
        {{.limit = 1, .window = 1s, .max_keys = 0}, "max_keys 0 is too small: 1 to 67108864"},
        {{.limit = 1, .window = 1s, .max_keys = 67'108'865}, "max_keys 67108865 is too large: 1 to 67108864"},
        {{.algorithm = static_cast<Algorithm>(5), .limit = 1, .window = 1s},
         "algorithm 5 is unknown: gcra, token_bucket, leaky_bucket, sliding_window or fixed_window"},
        {{.limit = 10'001, .window = 1ms},
         "limit 10001 is too fast for a window of 1ms: at most 10000, which is 10000000 a second"},
        {{.algorithm = Algorithm::sliding_window, .limit = 5, .window = 1s, .burst = 5},
         "burst 5 does not go with sliding_window: leave it out, or use gcra, token_bucket or leaky_bucket"},
        {{.limit = 1, .window = 24h * 366, .burst = 11},
         "burst 11 is more than ten years' worth at 1 per 366d: at most 10"},
    }};
    for (const bad_options& bad : table)
        EXPECT_EQ(refusal(bad.options), "limiter \"login\": " + std::string{bad.message});
}

// Fails when the edge of a range is refused.
TEST(LimiterOptions, EdgesOfTheRangesAreAccepted) {
    EXPECT_EQ(refusal({.limit = 1, .window = 1ms}), "");
    EXPECT_EQ(refusal({.limit = 10'000, .window = 1ms}), "");
    EXPECT_EQ(refusal({.limit = 10'000'000, .window = 24h * 366, .max_keys = 67'108'864}), "");
    EXPECT_EQ(refusal({.limit = 1, .window = 24h * 366, .burst = 10, .max_keys = 1}), "");
    EXPECT_EQ(refusal({.limit = 10'000'000, .window = 1s, .burst = 10'000'000}), "");
}

// Fails when a limit whose counts do not fit the state passes, or when the named largest one is refused.
TEST(LimiterOptions, SlidingWindowTakesExactlyTheLargestLimitItNames) {
    for (const nanoseconds window : {nanoseconds{1ms}, nanoseconds{1s}, nanoseconds{1min}}) {
        const auto largest = algorithm::sliding_window::max_limit(
            algorithm::sliding_window::count_bits_for(static_cast<std::uint64_t>(window.count())));
        LimiterOptions options{.algorithm = Algorithm::sliding_window, .limit = largest, .window = window};
        EXPECT_EQ(refusal(options), "");
        ++options.limit;
        EXPECT_NE(refusal(options).find("at most " + std::to_string(largest) + ", or use gcra or fixed_window"),
                  std::string::npos)
            << refusal(options);
    }
}

// Fails when one mistake hides another.
TEST(LimiterOptions, AllMistakesAreFound) {
    const auto found = mistakes({.limit = 0, .window = 0s, .max_keys = 0});
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].option, "limit");
    EXPECT_EQ(found[2].option, "max_keys");
}

// Fails when a name passes that a terminal, a label or a path would trip over, or a plain one is refused.
TEST(LimiterOptions, NamesArePlainWords) {
    for (const std::string_view name : {"a", "login", "_x", "9.b-c", "A"})
        EXPECT_TRUE(check_name("limiter", name)) << name;
    EXPECT_TRUE(check_name("limiter", std::string(63, 'n')));
    const std::string accepted = ": 1 to 63 letters, digits, \"_\", \".\" or \"-\", not beginning with \".\" or \"-\"";
    EXPECT_EQ(message_of(check_name("limiter", "")), "limiter \"\": the name is empty" + accepted);
    EXPECT_EQ(message_of(check_name("limiter", std::string(64, 'n'))),
              "limiter \"" + std::string(64, 'n') + "\": the name is 64 bytes long" + accepted);
    EXPECT_EQ(message_of(check_name("breaker", "a/b")), "breaker \"a/b\": the name has \"/\" at position 2" + accepted);
    EXPECT_EQ(message_of(check_name("limiter", ".a")), "limiter \".a\": the name begins with \".\"" + accepted);
    EXPECT_EQ(message_of(check_name("limiter", "ab\n")),
              "limiter \"ab\\n\": the name has \"\\n\" at position 3" + accepted);
    EXPECT_EQ(message_of(check_name("limiter", "日")), "limiter \"日\": the name has \"日\" at position 1" + accepted);
    EXPECT_EQ(message_of(check_name("limiter", "a\xff")),
              "limiter \"a\\xff\": the name has \"\\xff\" at position 2" + accepted);
}

// Fails when a character at the end of what may stand in a name is refused, one beside it is not, or more or less than one character is shown.
TEST(LimiterOptions, NamesHaveTheseCharactersAlone) {
    for (int byte = 0; byte < 256; ++byte) {
        const char c = static_cast<char>(byte);
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        EXPECT_EQ(check_name("limiter", std::string{'a', c}).has_value(), letter || c == '_' || c == '.' || c == '-')
            << byte;
        EXPECT_EQ(check_name("limiter", std::string{c, 'a'}).has_value(), letter || c == '_') << byte;
    }
    const auto said = [](const char* name) { return message_of(check_name("limiter", name)); };
    EXPECT_TRUE(said("ab\xf0\x9f\x98\x80").contains("the name has \"\xf0\x9f\x98\x80\" at position 3"));
    EXPECT_TRUE(said("\x80\x80\x80\x80\x80").contains("the name has \"\\x80\\x80\\x80\\x80\" at position 1"));
    EXPECT_TRUE(said("a\xe9z").contains("the name has \"\\xe9\" at position 2"));
}

// Fails when a number that stands for no word of an option passes.
TEST(LimiterOptions, UnknownWordsAreMistakes) {
    const auto only_mistake = [](const LimiterOptions& options) {
        const auto found = mistakes(options);
        return found.size() == 1 ? found[0].message : "";
    };
    const LimiterOptions fine = five_a_minute();
    EXPECT_TRUE(mistakes(fine).empty());
    LimiterOptions bad = fine;
    bad.on_full = static_cast<OnFull>(2);
    EXPECT_EQ(only_mistake(bad), "on_full 2 is unknown: allow or deny");
    bad = fine;
    bad.mode = static_cast<Mode>(3);
    EXPECT_EQ(only_mistake(bad), "mode 3 is unknown: enforce, shadow or off");
    bad = fine;
    bad.clock = static_cast<Clock>(2);
    EXPECT_EQ(only_mistake(bad), "clock 2 is unknown: precise or coarse");
}

// Fails when an option that is baked into the table can be changed, or one that is not cannot.
TEST(LimiterOptions, OnlyWhatIsFixedAtCreationCannotChange) {
    const LimiterOptions existing = five_a_minute();
    LimiterOptions wanted = existing;
    wanted.limit = 7;
    wanted.window = 1h;
    wanted.burst = 3;
    wanted.on_full = OnFull::deny;
    wanted.mode = Mode::off;
    wanted.clock = Clock::coarse;
    EXPECT_TRUE(validate_change("login", existing, wanted, max_count_bits));
    wanted.max_keys = 1000;
    EXPECT_EQ(message_of(validate_change("login", existing, wanted, max_count_bits)),
              "limiter \"login\": max_keys is 65536 and cannot change to 1000 while it lives: delete the limiter and "
              "create it anew");
    wanted = existing;
    wanted.store_keys = false;
    EXPECT_FALSE(validate_change("login", existing, wanted, max_count_bits));
    wanted = existing;
    wanted.algorithm = Algorithm::fixed_window;
    EXPECT_FALSE(validate_change("login", existing, wanted, max_count_bits));
}

// Fails when a change makes counts or window numbers outgrow the bits that the state words have for them.
TEST(LimiterOptions, SlidingWindowChangesOnlyWithinTheBitsItWasCreatedWith) {
    const LimiterOptions existing{.algorithm = Algorithm::sliding_window, .limit = 5, .window = 1min};
    const unsigned count_bits = compile(existing).count_bits;
    LimiterOptions wanted = existing;
    wanted.window = 1h;
    wanted.limit = 524'287;
    EXPECT_TRUE(validate_change("login", existing, wanted, count_bits));
    wanted.limit = 524'288;
    EXPECT_EQ(message_of(validate_change("login", existing, wanted, count_bits)),
              "limiter \"login\": limit 524288 is too large for the window it was created with: at most 524287, or "
              "delete the "
              "limiter and create it anew");
    wanted = existing;
    wanted.window = 1s;
    const std::string message = message_of(validate_change("login", existing, wanted, count_bits));
    const std::size_t at = message.find("at least ");
    ASSERT_NE(at, std::string::npos) << message;
    wanted.window = *parse_duration(message.substr(at + 9, message.find(',', at) - at - 9));
    EXPECT_TRUE(validate_change("login", existing, wanted, count_bits)) << message;
    wanted.window -= 1ms;
    EXPECT_FALSE(validate_change("login", existing, wanted, count_bits)) << message;
}

// Fails when a difference is left out, when one is invented, or when a default burst is told apart from the same
// one spelled out.
TEST(LimiterOptions, DifferencesAreNamedAndOnlyThose) {
    LimiterOptions wanted = five_a_minute();
    wanted.burst = 5;
    EXPECT_EQ(limiters::difference(five_a_minute(), wanted), "");
    wanted = {.limit = 10, .window = 1h};
    EXPECT_EQ(limiters::difference(five_a_minute(), wanted), "limit is 5, not 10; window is 1m, not 1h");
    wanted.burst = 7;
    EXPECT_EQ(limiters::difference(five_a_minute(), wanted),
              "limit is 5, not 10; window is 1m, not 1h; burst is 5, not 7");
    wanted = five_a_minute();
    wanted.algorithm = Algorithm::fixed_window;
    wanted.store_keys = false;
    EXPECT_EQ(limiters::difference(five_a_minute(), wanted),
              "algorithm is gcra, not fixed_window; store_keys is true, not false");
}

// Fails when the emission interval is rounded down (too fast), or the horizon is not burst times it.
TEST(LimiterTerms, EmissionIsRoundedUpToATickOfASixteenthNanosecond) {
    const limiter_terms even = compile(five_a_minute());
    EXPECT_EQ(even.emission, 12'000'000'000ULL * 16);
    EXPECT_EQ(even.burst, 5U);
    EXPECT_EQ(even.horizon, 5 * even.emission);
    const limiter_terms odd = compile({.limit = 7, .window = 1s, .burst = 3});
    EXPECT_EQ(odd.emission, (16'000'000'000ULL + 6) / 7);
    EXPECT_EQ(odd.horizon, 3 * odd.emission);
    EXPECT_EQ(compile({.algorithm = Algorithm::sliding_window, .limit = 5, .window = 1min}).count_bits, 19U);
    EXPECT_EQ(compile({.algorithm = Algorithm::fixed_window, .limit = 5, .window = 1min}).burst, 0U);
}

// Fails when a term is lost or lands in another's place, or when accepted options are clamped on the way.
TEST(LimiterTerms, AcceptedOptionsSurviveTheSegment) {
    const std::uint64_t from = seed();
    SCOPED_TRACE("SEKI_SEED=" + std::to_string(from));
    std::mt19937_64 random{from};
    int accepted = 0;
    for (int i = 0; i < 200'000; ++i) {
        LimiterOptions options{.algorithm = all_algorithms[random() % all_algorithms.size()],
                               .limit = 1 + (random() >> (40 + random() % 24)) % 10'000'000,
                               .window = nanoseconds{static_cast<std::int64_t>(random() >> (8 + random() % 36))},
                               .burst = random() % 2 == 0 ? 0 : 1 + (random() >> (40 + random() % 24)) % 10'000'000,
                               .max_keys = 1 + random() % 67'108'864,
                               .on_full = static_cast<OnFull>(random() % 2),
                               .mode = static_cast<Mode>(random() % 3),
                               .clock = static_cast<Clock>(random() % 2),
                               .store_keys = random() % 2 == 0};
        if (!limiters::validate("x", options)) continue;
        ++accepted;
        limiter_terms terms = compile(options);
        if (!is_bucket(terms.algorithm)) terms.shift = random();
        ASSERT_EQ(unpack(pack(terms)), terms);
        const LimiterOptions back = to_options(terms, options.max_keys, options.store_keys);
        ASSERT_EQ(back, options);
    }
    EXPECT_GT(accepted, 20'000);
}

// Fails when a scribbled directory entry makes a law divide by zero, shift too far (both seen by the sanitizers), or answer
// with a state that belongs to the key table.
TEST(LimiterTerms, ScribbledTermsAreSafeForEveryLaw) {
    const std::uint64_t from = seed();
    SCOPED_TRACE("SEKI_SEED=" + std::to_string(from));
    std::mt19937_64 random{from};
    const std::array<std::uint64_t, 6> edges{0,          1,          std::numeric_limits<std::uint64_t>::max(),
                                             1ULL << 63, 1ULL << 24, max_horizon};
    const auto scribble = [&] {
        return random() % 2 == 0 ? edges[random() % edges.size()] : random() >> random() % 64;
    };
    for (int i = 0; i < 200'000; ++i) {
        packed_terms values{};
        for (auto& value : values) value = scribble();
        const limiter_terms terms = unpack(values);
        ASSERT_TRUE(is_known(terms.algorithm) && is_known(terms.mode) && is_known(terms.on_full) &&
                    is_known(terms.clock));
        ASSERT_EQ(unpack(pack(terms)), terms);
        ASSERT_LE(terms.horizon, max_horizon);
        const std::uint64_t state = scribble() & ~(1ULL << 63);
        const std::uint64_t now = random() % (1ULL << 57);  // four years of uptime
        const std::uint64_t cost = scribble() % max_count;
        const algorithm::gcra::terms bucket{.emission = terms.emission, .horizon = terms.horizon, .burst = terms.burst};
        const algorithm::fixed_window::terms fixed{
            .window = terms.window_ns, .limit = terms.limit, .shift = terms.shift};
        const algorithm::sliding_window::terms sliding{
            .window = terms.window_ns, .limit = terms.limit, .shift = terms.shift, .count_bits = terms.count_bits};
        ASSERT_EQ(algorithm::gcra::check(state, now, cost, bucket).state >> 63, 0U);
        ASSERT_EQ(algorithm::fixed_window::check(state, now, cost, fixed).state >> 63, 0U);
        ASSERT_EQ(algorithm::sliding_window::check(state, now, cost, sliding).state >> 63, 0U);
    }
}

// Fails when a duration is printed in a longer form than need be, or reads back as another one.
TEST(Duration, IsPrintedShortestAndReadsBack) {
    const std::array<std::pair<nanoseconds, std::string_view>, 9> table{
        {{0ns, "0s"},
         {1ns, "1ns"},
         {250ms, "250ms"},
         {60s, "1m"},
         {90min, "90m"},
         {24h, "1d"},
         {24h + 1ns, "1d1ns"},
         {1500us, "1500us"},
         {nanoseconds::max(), "9223372036854775807ns"}}};
    for (const auto& [duration, text] : table) {
        EXPECT_EQ(format_duration(duration), text);
        EXPECT_EQ(parse_duration(format_duration(duration)), duration);
    }
    EXPECT_EQ(parse_duration("1h30m"), 90min);
}

// Fails when a text that has two readings, or none, is taken.
TEST(Duration, SaysWhatIsWrongWithAText) {
    const std::string accepted = ": a duration is written \"250ms\", \"30s\", \"1m\", \"2h\" or \"1d\"";
    const std::array<std::pair<std::string_view, std::string_view>, 13> table{
        {{"", "is empty"},
         {"30", "has no unit"},
         {"-5s", "is negative"},
         {"1.5s", "is not a duration"},
         {"1 s", "is not a duration"},
         {"5min", "is not a duration"},
         {"s", "is not a duration"},
         {"1h30", "has no unit"},
         {"30m1h", "has its units in the wrong order"},
         {"1h1h", "has its units in the wrong order"},
         {"106752d", "is too long"},
         {"106751d23h48m", "is too long"},
         {"99999999999999999999s", "is too long"}}};
    for (const auto& [text, why] : table) {
        const auto result = parse_duration(text);
        ASSERT_FALSE(result) << text;
        EXPECT_EQ(result.error().message, "\"" + std::string{text} + "\" " + std::string{why} + accepted);
    }
}

}  // namespace
}  // namespace seki::primitives
