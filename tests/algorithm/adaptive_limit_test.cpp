// The laws of an adaptive limit against a model that shares nothing with them: it reckons in exact fractions, and says what each rule says in its words.
#include "algorithm/adaptive_limit.hpp"

#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>

#include "bounds.hpp"
#include "dice.hpp"
#include "support/sanitizers.hpp"

namespace seki::tests {
namespace {

namespace law = algorithm::adaptive_limit;
using fraction =
    boost::multiprecision::number<boost::multiprecision::cpp_rational::backend_type, boost::multiprecision::et_off>;

law::terms any_terms(dice& random) {
    law::terms t;
    t.law = static_cast<law::law>(random.below(3));
    t.min_limit = random.magnitude(1, 1'000);
    t.max_limit = std::min(random.magnitude(t.min_limit, 2 * law::greatest_limit), law::greatest_limit);
    t.initial_limit = random.between(t.min_limit, t.max_limit);
    t.backoff_ratio = random.between(50, 99);
    t.tolerance = random.between(100, 1'000);
    t.smoothing = random.between(1, 100);
    t.window = random.magnitude(1, law::greatest_window);
    t.probe_interval = random.magnitude(second, day);
    return t;
}

struct model_state {
    fraction limit;
    fraction come_back;  // 0: no probe
    nanos reference = 0;
    bool due = false;
    bool settling = false;
    bool unsure = false;  // so near to a threshold that rounding to 1/256 decides
};

class model {
public:
    model(const law::terms& terms, const law::sample& seen) : t_{terms}, s_{seen} {}

    model_state after(model_state at) const {
        if (s_.answered == 0 && s_.drops == 0) return at;
        if (at.limit == 0) {
            at.limit = t_.initial_limit;
            at.settling = true;
        }
        at.limit = bounded(at.limit);
        if (t_.law == law::law::aimd && at.come_back != 0) return ended(at);
        if (at.settling) {
            const bool gone = at.come_back == 0 || fraction{s_.in_flight} <= at.limit + 1;
            if (gone || at.due) at.settling = false;
            return at;
        }
        if (t_.law == law::law::aimd) {
            if (s_.drops != 0) return backed_off(at);
            if (in_use(at)) at.limit = bounded(at.limit + 1);
            return at;
        }
        if (fraction{s_.drops, s_.drops + s_.answered} > fraction{1, 10}) {
            if (at.come_back == 0) return backed_off(at);
            return at.due ? ended(at) : at;
        }
        const nanos latency = std::min<nanos>(std::max<nanos>(s_.latencies / s_.answered, 1), law::greatest_latency);
        const bool least = at.limit == bounded(0);
        if (at.come_back != 0) {
            if (fraction{latency, at.reference == 0 ? 1 : at.reference} < fraction{3, 4} && at.reference != 0 &&
                !least && !at.due)
                return halved(at, latency);
            return measured(ended(at), latency);
        }
        const fraction times = at.reference == 0 ? fraction{1'000'000} : fraction{latency, at.reference};
        if (least && times > fraction{11, 10}) return measured(at, latency);
        if (at.reference == 0 || at.due || times < 100 / fraction{t_.tolerance}) {
            if (least || !in_use(at)) return measured(at, latency);
            at.come_back = at.limit;
            return halved(at, latency);
        }
        return t_.law == law::law::gradient ? gradient(at, times) : vegas(at, times);
    }

private:
    [[nodiscard]] fraction bounded(fraction limit) const {
        if (limit < t_.min_limit) return t_.min_limit;
        return limit > t_.max_limit ? fraction{t_.max_limit} : limit;
    }
    [[nodiscard]] bool in_use(const model_state& at) const { return 2 * fraction{s_.in_flight} > at.limit; }
    [[nodiscard]] model_state backed_off(model_state at) const {
        at.limit = bounded(at.limit * t_.backoff_ratio / 100);
        at.settling = true;
        return at;
    }
    [[nodiscard]] model_state ended(model_state at) const {
        at.limit = bounded(at.come_back);
        at.come_back = 0;
        at.settling = true;
        return at;
    }
    [[nodiscard]] model_state halved(model_state at, nanos latency) const {
        at.limit = bounded(at.limit / 2);
        at.reference = latency;
        at.settling = true;
        return at;
    }
    [[nodiscard]] static model_state measured(model_state at, nanos latency) {
        at.reference = latency;
        at.due = false;
        return at;
    }
    [[nodiscard]] model_state gradient(model_state at, const fraction& times) const {
        fraction aim = times <= 1 ? at.limit * t_.tolerance / 100 : at.limit * 104 / 100 / times;
        if (aim < at.limit / 2) aim = at.limit / 2;
        aim += fraction{1, 4};
        at.unsure = abs(aim - at.limit) < fraction{4, 256};
        if (aim > at.limit && !in_use(at)) return at;
        if (times > fraction{t_.tolerance, 100}) {
            if (aim < at.limit) at.limit = bounded(aim);
            at.settling = true;
        } else {
            at.limit = bounded(at.limit + (aim - at.limit) * t_.smoothing / 100);
        }
        return at;
    }
    [[nodiscard]] model_state vegas(model_state at, const fraction& times) const {
        const auto at_least = [](const fraction& a, const fraction& b) { return a > b ? a : b; };
        const fraction queue = times > 1 ? at.limit - at.limit / times : fraction{0};
        const fraction few = at_least(at.limit / 16, fraction{1, 2}), many = at_least(at.limit / 8, fraction{1});
        for (const fraction& edge : {fraction{few / 2}, few, many})
            at.unsure = at.unsure || abs(queue - edge) < fraction{3, 256};
        if (queue > many)
            at.limit -= few;
        else if (in_use(at) && queue < few / 2)
            at.limit += at_least(at.limit / 16, fraction{1});
        else if (in_use(at) && queue < few)
            at.limit += at_least(at.limit / 64, fraction{1, 4});
        at.limit = bounded(at.limit);
        return at;
    }
    const law::terms& t_;
    const law::sample& s_;
};

// Around the thresholds of the law mostly.
law::sample any_sample(dice& random, const law::position& at, nanos now) {
    law::sample s;
    s.answered = random.one_in(20) ? 0 : random.magnitude(1, 10'000);
    s.drops = random.one_in(3) ? random.magnitude(1, 1'000) : 0;
    const nanos around =
        at.reference != 0 && !random.one_in(8) ? at.reference : random.magnitude(1, law::greatest_latency);
    const nanos mean =
        std::min<nanos>(around * random.between(20, 400) / (random.one_in(4) ? 400 : 100), law::greatest_latency);
    s.latencies = mean * s.answered + (s.answered == 0 ? 0 : random.below(s.answered));
    s.in_flight = random.one_in(3) ? random.magnitude(1, 70'000) : at.limit / law::one + 1 - random.below(2);
    s.now = now;
    return s;
}

// Fails if any rule of a law, a threshold, or a rounding, is off by more than a hundredth of a call.
TEST(AdaptiveLimitLaw, DoesWhatTheModelDoes) {
    dice random{61};
    std::uint64_t steps = 0, unsure = 0, probes = 0;
    for (int run = 0; run < test::rounds(3'000); ++run) {
        law::terms terms = any_terms(random);
        nanos now = random.magnitude(1, longest_uptime);
        law::position at;
        for (int step = 0; step < 60; ++step, ++steps) {
            if (random.one_in(30)) terms.law = static_cast<law::law>(random.below(3));  // somebody changes it
            now += random.magnitude(1, terms.probe_interval);
            const law::sample seen = any_sample(random, at, now);
            const bool due = now >> law::due_shift >= at.due;
            const model_state before{fraction{at.limit, law::one}, fraction{at.come_back, law::one}, at.reference, due,
                                     at.settling};
            const model_state wanted = model{terms, seen}.after(before);
            const law::position next = law::moved(at, seen, terms);
            ASSERT_EQ(law::unpack(law::pack(next)), next);
            if (wanted.unsure) {
                ++unsure;
            } else {
                ASSERT_LE(abs(fraction{next.limit, law::one} - wanted.limit), (fraction{3, 256}))
                    << "run " << run << ", step " << step;
                ASSERT_EQ(next.come_back != 0, wanted.come_back != 0) << "run " << run << ", step " << step;
                ASSERT_EQ(next.reference, wanted.reference) << "run " << run << ", step " << step;
                ASSERT_EQ(next.settling, wanted.settling) << "run " << run << ", step " << step;
            }
            probes += next.come_back != 0 ? 1U : 0U;
            at = next;
        }
    }
    EXPECT_LT(unsure * 20, steps);
    EXPECT_GT(probes * 50, steps);
}

// Fails if a probe begins early, late, or lasts beyond a quarter of its interval.
TEST(AdaptiveLimitLaw, ProbesWhenItIsDueAndNotForLong) {
    const law::terms terms;
    const nanos start = 3'600 * second;
    const auto window = [&](nanos latency, nanos now, std::uint64_t in_flight) {
        return law::sample{.answered = 100, .latencies = 100 * latency, .in_flight = in_flight, .now = now};
    };
    law::position at{.limit = 40 * law::one, .reference = 10 * millisecond, .due = (start >> law::due_shift) + 1};
    EXPECT_EQ(law::moved(at, window(10 * millisecond, start, 40), terms).come_back, 0U);
    at = law::moved(at, window(10 * millisecond, start + 2 * millisecond, 40), terms);
    EXPECT_EQ(at.come_back, 40 * law::one);
    EXPECT_EQ(law::allowed(at, terms), 20U);
    // Calls from before do not end: the probe waits for them, and then no longer.
    at = law::moved(at, window(10 * millisecond, start + second, 40), terms);
    EXPECT_TRUE(at.settling);
    EXPECT_FALSE(
        law::ends(law::moved(at, window(10 * millisecond, start + second, 20), terms), 799, start + second, terms));
    EXPECT_TRUE(
        law::ends(law::moved(at, window(10 * millisecond, start + second, 20), terms), 1, start + 16 * second, terms));
    at = law::moved(at, window(10 * millisecond, start + 16 * second, 40), terms);
    EXPECT_FALSE(at.settling);
    at = law::moved(at, window(12 * millisecond, start + 17 * second, 40), terms);
    EXPECT_EQ(at.come_back, 0U);
    EXPECT_EQ(law::allowed(at, terms), 40U);
    EXPECT_EQ(at.reference, 12 * millisecond);
    EXPECT_GE(at.due, (start + 77 * second) >> law::due_shift);
}

// Fails if a probe outlasts its time because calls fail, or because the law has become one that measures nothing.
TEST(AdaptiveLimitLaw, AProbeThatMeasuresNothingEnds) {
    law::terms terms;
    const nanos start = 3'600 * second;
    const law::position probing{.limit = 10 * law::one,
                                .come_back = 40 * law::one,
                                .reference = 10 * millisecond,
                                .due = (start >> law::due_shift) + 1};
    const law::sample failing{
        .answered = 10, .latencies = 100 * millisecond, .drops = 90, .in_flight = 10, .now = start};
    EXPECT_EQ(law::moved(probing, failing, terms), probing);
    law::sample later = failing;
    later.now = start + second;
    const law::position ended = law::moved(probing, later, terms);
    EXPECT_EQ(law::allowed(ended, terms), 40U);
    EXPECT_EQ(ended.come_back, 0U);
    EXPECT_EQ(ended.reference, 10 * millisecond);
    EXPECT_GT(ended.due, (start + second) >> law::due_shift);
    terms.law = law::law::aimd;
    EXPECT_EQ(law::moved(probing, failing, terms).come_back, 0U);
    EXPECT_EQ(law::allowed(law::moved(probing, failing, terms), terms), 40U);
}

// Fails if scribbled words, or terms, make a limit outside of its bounds, or a step that never ends.
TEST(AdaptiveLimitLaw, WhateverStandsThereTheLimitStaysInItsBounds) {
    dice random{62};
    for (int i = 0; i < test::rounds(300'000); ++i) {
        const law::terms terms = any_terms(random);
        law::position at = law::unpack({random.word(), random.word()});
        const law::sample seen{random.word(), random.word(), random.one_in(2) ? 0 : random.word(), random.word(),
                               random.word()};
        const std::uint64_t before = law::allowed(at, terms);
        ASSERT_GE(before, terms.min_limit);
        ASSERT_LE(before, terms.max_limit);
        at = law::moved(at, seen, terms);
        ASSERT_EQ(law::unpack(law::pack(at)), at);
        ASSERT_GE(law::allowed(at, terms), terms.min_limit);
        ASSERT_LE(law::allowed(at, terms), terms.max_limit);
        const law::terms absurd{.law = static_cast<law::law>(random.below(256)),
                                .min_limit = random.word() >> 16,
                                .max_limit = random.word() >> 16,
                                .backoff_ratio = random.word(),
                                .tolerance = random.word(),
                                .smoothing = random.word()};
        (void)law::moved(at, seen, absurd);
    }
}

// Fails if a window ends with a call more or less than it should, one without calls ends, or a measurement goes on when its probe is over.
TEST(AdaptiveLimitLaw, AWindowEndsWithTheCallThatIsItsLast) {
    const law::terms least{.min_limit = 1, .initial_limit = 1, .window = 1};
    EXPECT_EQ(law::calls_to_end({}, least), 1U);
    const law::terms terms{.initial_limit = 20, .window = 100};
    EXPECT_EQ(law::calls_to_end({}, terms), 100U);
    EXPECT_EQ(law::calls_to_end({.limit = 120 * law::one}, terms), 120U);
    const law::position probing{.limit = 20 * law::one, .come_back = 40 * law::one, .due = 1'000};
    EXPECT_EQ(law::calls_to_end(probing, terms), 800U);
    const nanos due = 1'000ULL << law::due_shift;
    EXPECT_TRUE(law::ends(probing, 800, due - 1, terms));
    EXPECT_FALSE(law::ends(probing, 799, due - 1, terms));
    EXPECT_TRUE(law::ends(probing, 1, due, terms));
    EXPECT_FALSE(law::ends(probing, 0, due, terms));
}

// Fails if a product runs over, is divided by another number, or what is due comes early, or later than the next of its units.
TEST(AdaptiveLimitLaw, ItsNumbersStayWithinTheirWords) {
    EXPECT_EQ(law::detail::scaled(7, 3, 1), 21U);
    EXPECT_EQ(law::detail::scaled(7, 3, 0), 21U);
    EXPECT_EQ(law::detail::scaled(7, 3, 2), 10U);
    EXPECT_EQ(law::detail::scaled(1ULL << 30, 1ULL << 11, 1), 1ULL << 40);
    EXPECT_EQ(law::detail::scaled(1ULL << 30, (1ULL << 10) - 1, 1), ((1ULL << 10) - 1) << 30);
    const nanos unit = 1ULL << law::due_shift;
    for (const nanos when : {7 * unit, 7 * unit + 1, 8 * unit - 1}) {
        EXPECT_FALSE(law::detail::is_due(law::detail::due_at(when), when));
        EXPECT_TRUE(law::detail::is_due(law::detail::due_at(when), when + unit));
    }
    const law::terms terms{.max_limit = 1'000};
    const law::sample some{.answered = 1, .latencies = 1, .in_flight = 1, .now = second};
    EXPECT_EQ(law::moved({.limit = 5'000 * law::one, .settling = true}, some, terms).limit, 1'000 * law::one);
}

// Fails if what lies just on a threshold is taken for beyond it.
TEST(AdaptiveLimitLaw, JustOnAThresholdIsNotBeyondIt) {
    const nanos start = 3'600 * second;
    const auto after = [&](law::law which, law::parts limit, nanos reference, nanos latency, std::uint64_t in_flight) {
        const law::terms terms{.law = which, .tolerance = 100};
        const law::position at{.limit = limit, .reference = reference, .due = law::due_mask};
        return law::moved(at, {.answered = 1, .latencies = latency, .in_flight = in_flight, .now = start}, terms);
    };
    constexpr law::parts sixteen = 16 * law::one;
    // An eighth of them queues, a sixteenth, half a sixteenth.
    EXPECT_EQ(after(law::law::vegas, sixteen, 7'000, 8'000, 16).limit, sixteen);
    EXPECT_EQ(after(law::law::vegas, sixteen, 15'000, 16'000, 16).limit, sixteen);
    EXPECT_EQ(after(law::law::vegas, sixteen, 31'000, 32'000, 16).limit, sixteen + law::one / 4);
    // It aims at just the limit that there is: as high as that needs no calls that use it, and the noise is exceeded all the same.
    const law::position same = after(law::law::gradient, 25 * law::one, 10'000, 10'505, 1);
    EXPECT_EQ(same.limit, 25 * law::one);
    EXPECT_TRUE(same.settling);
    // Noise is what is not above it.
    EXPECT_FALSE(after(law::law::gradient, 25 * law::one, 10'000, 10'000, 25).settling);
    // A probe lasts for a quarter of its interval.
    const law::terms terms;
    const law::position begun = law::moved({.limit = sixteen, .reference = 10'000, .due = 1},
                                           {.answered = 1, .latencies = 10'000, .in_flight = 16, .now = start}, terms);
    EXPECT_EQ(begun.come_back, sixteen);
    EXPECT_EQ(begun.due, law::detail::due_at(start + terms.probe_interval / 4));
}

}  // namespace
}  // namespace seki::tests
