// Backoff against an independent model in numbers without an end, and its distributions against what they claim.
//
//     SEKI_SEED=7    other random terms; the distributions have a seed of their own, for a test of statistics fails now and then by chance
#include "algorithm/backoff.hpp"

#include <gtest/gtest.h>

#include <array>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "algorithm/dice.hpp"

namespace seki::tests {
namespace {

namespace law = algorithm::backoff;
using algorithm::nanos;
using exact = boost::multiprecision::cpp_int;
using law::growth;
using law::jitter;

constexpr std::uint64_t most = ~0ULL;

exact grown_by_the_book(const law::terms& by, std::uint64_t retry) {
    exact delay = by.base;
    if (by.growth == growth::linear) delay *= retry;
    if (by.growth == growth::exponential)
        for (std::uint64_t i = 1; i < std::min<std::uint64_t>(retry, 200); ++i) delay *= 2;  // more than all 64 bits
    return std::min<exact>(delay, by.max);
}

exact uniform_by_the_book(const exact& low, const exact& high, std::uint64_t random) {
    return low + ((high - low + 1) * random >> 64);
}

exact delay_by_the_book(const law::terms& by, std::uint64_t retry, nanos before, std::uint64_t random) {
    const exact grown = grown_by_the_book(by, retry);
    switch (by.jitter) {
        case jitter::none: return grown;
        case jitter::full: return uniform_by_the_book(0, grown, random);
        case jitter::equal: return uniform_by_the_book(grown - grown / 2, grown, random);
        case jitter::decorrelated: break;
    }
    exact top = exact{std::max(before, by.base)} * 3;
    if (top > most) top = most;
    return std::min<exact>(uniform_by_the_book(by.base, top, random), by.max);
}

// Fails if any number is lost on the way: overflow in a product or a shift, a bound that is off by one, a rounding another way.
TEST(Backoff, IsByTheBookWhateverTheNumbersAre) {
    dice roll{1};
    for (int i = 0; i < 500'000; ++i) {
        const law::terms by{.growth = static_cast<growth>(roll.below(3)),
                            .jitter = static_cast<jitter>(roll.below(4)),
                            .base = roll.one_in(10) ? 0 : roll.magnitude(1, most),
                            .max = roll.one_in(10) ? roll.any_of({0, most}) : roll.magnitude(1, most)};
        const std::uint64_t retry = roll.one_in(2) ? roll.between(1, 130) : roll.magnitude(1, most);
        const nanos before = roll.one_in(4) ? 0 : roll.magnitude(1, most);
        const std::uint64_t random = roll.one_in(4) ? roll.any_of({0, most, 1, most - 1}) : roll.word();
        ASSERT_EQ(exact{law::grown(by, retry)}, grown_by_the_book(by, retry)) << by.base << " " << retry;
        ASSERT_EQ(exact{law::delay(by, retry, before, random)}, delay_by_the_book(by, retry, before, random))
            << static_cast<int>(by.jitter) << " base " << by.base << " max " << by.max << " retry " << retry;
    }
}

// Fails if the usual options do not give what everybody expects of them.
TEST(Backoff, GrowsAsItsNameSays) {
    const auto first_six = [](growth how) {
        std::vector<nanos> delays;
        for (std::uint64_t n = 1; n <= 6; ++n) delays.push_back(law::grown({how, jitter::none, 100, 1000}, n));
        return delays;
    };
    EXPECT_EQ(first_six(growth::constant), (std::vector<nanos>{100, 100, 100, 100, 100, 100}));
    EXPECT_EQ(first_six(growth::linear), (std::vector<nanos>{100, 200, 300, 400, 500, 600}));
    EXPECT_EQ(first_six(growth::exponential), (std::vector<nanos>{100, 200, 400, 800, 1000, 1000}));
}

// Draws, counted in bins that are equally likely if they are uniform in [low, high]: Pearson's statistic, of (bins - 1) degrees of freedom.
constexpr std::size_t bins = 64;
constexpr int draws = 400'000;
double unevenness(nanos low, nanos high, const std::function<nanos()>& draw) {
    std::array<double, bins> counts{};
    const exact width = exact{high} - low + 1;
    for (int i = 0; i < draws; ++i) {
        const nanos got = draw();
        if (got < low || got > high) return HUGE_VAL;
        ++counts[static_cast<std::size_t>((exact{got} - low) * bins / width)];
    }
    double sum = 0;
    const double expected = double{draws} / bins;
    for (const double count : counts) sum += (count - expected) * (count - expected) / expected;
    return sum;
}
// With 63 degrees of freedom one run in a million is above; a distribution that is off by 3 % in a bin is far above.
constexpr double suspicious = 134;

// Fails if a jitter is not spread evenly over what it says: too narrow, too wide, bunched.
TEST(Backoff, JitterIsUniformOverItsRange) {
    std::mt19937_64 random{20'261'126};
    const law::terms by{.growth = growth::exponential, .base = 100'000'000, .max = 30'000'000'000};
    const auto with = [&](jitter how, std::uint64_t retry, nanos before) {
        return [&, how, retry, before] {
            law::terms these = by;
            these.jitter = how;
            return law::delay(these, retry, before, random());
        };
    };
    for (const std::uint64_t retry : {1U, 2U, 5U, 20U}) {
        const nanos grown = law::grown(by, retry);
        EXPECT_LT(unevenness(0, grown, with(jitter::full, retry, 0)), suspicious) << retry;
        EXPECT_LT(unevenness(grown / 2, grown, with(jitter::equal, retry, 0)), suspicious) << retry;
    }
    for (const nanos before : {nanos{0}, nanos{100'000'000}, nanos{250'000'000}, nanos{9'999'999'999}})
        EXPECT_LT(unevenness(by.base, 3 * std::max(before, by.base), with(jitter::decorrelated, 1, before)), suspicious)
            << before;
    EXPECT_GT(unevenness(0, 1000, [&] { return random() % 1024 * 1000 / 1024; }), suspicious) << "it sees nothing";
}

// Fails if decorrelated delays, each drawn from the one before, leave their bounds or get stuck at one of them.
TEST(Backoff, DecorrelatedDelaysWalkBetweenBaseAndMax) {
    std::mt19937_64 random{20'261'126};
    const law::terms by{.jitter = jitter::decorrelated, .base = 100, .max = 10'000};
    nanos before = 0;
    int at_max = 0, low = 0;
    for (int i = 0; i < 10'000; ++i) {
        before = law::delay(by, 1, before, random());
        ASSERT_GE(before, by.base);
        ASSERT_LE(before, by.max);
        at_max += before == by.max ? 1 : 0;
        low += before < 1000 ? 1 : 0;
    }
    EXPECT_GT(at_max, 1000);
    EXPECT_GT(low, 100);
}

static_assert(law::uniform(0, most) == 0 && law::uniform(most, most) == most && law::uniform(9, most) == 9);
static_assert(law::uniform(1, most / 2) == 0 && law::uniform(1, most / 2 + 1) == 1);
static_assert(law::grown({growth::exponential, jitter::none, 1, most}, 64) == 1ULL << 63);

}  // namespace
}  // namespace seki::tests
