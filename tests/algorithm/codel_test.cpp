// CoDel against the pseudocode of RFC 8289 in floating point, and in front of a simulated queue.
#include "algorithm/codel.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <deque>

#include "bounds.hpp"
#include "dice.hpp"
#include "support/sanitizers.hpp"

namespace seki::tests {
namespace {

namespace law = algorithm::codel;

// RFC 8289, sections 5.5 and 5.6, one packet at a time; in ticks. What spacing() answers is judged by itself, below.
struct rfc8289 {
    law::terms terms;
    double target = static_cast<double>(terms.target),
           interval = static_cast<double>(terms.interval >> law::tick_shift);
    double first_above_time = 0, drop_next = 0;
    double count = 0, lastcount = 0;
    bool dropping = false;

    [[nodiscard]] double control_law(double t) const {
        return t + static_cast<double>(law::spacing(static_cast<std::uint64_t>(count), terms));
    }
    bool dodeque(double now, double sojourn) {
        if (sojourn < target) {
            first_above_time = 0;
            return false;
        }
        if (first_above_time == 0) {
            first_above_time = now + interval;
            return false;
        }
        return now >= first_above_time;
    }
    bool drops(double now, double sojourn) {
        // The branch of dodeque() for an empty queue: for who hears of requests alone, when none came for an interval after the next was due.
        if (first_above_time != 0 && now > (dropping ? drop_next : first_above_time) + interval) {
            first_above_time = 0;
            dropping = false;
        }
        const bool ok_to_drop = dodeque(now, sojourn);
        if (dropping) {
            if (!ok_to_drop)
                dropping = false;
            else if (now >= drop_next) {
                ++count;
                drop_next = control_law(drop_next);
                return true;
            }
            return false;
        }
        if (!ok_to_drop) return false;
        dropping = true;
        const double delta = count - lastcount;
        count = delta > 1 && now - drop_next < 16 * interval ? delta : 1;
        drop_next = control_law(now);
        lastcount = count;
        return true;
    }
};

// Fails if a rule of the RFC is missing, a boundary is a tick off, or a number of the pair spills into another.
TEST(CoDelLaw, DoesWhatTheRfcSays) {
    dice random{71};
    std::uint64_t drops = 0, steps = 0;
    for (int run = 0; run < test::rounds(2'000); ++run) {
        const law::terms terms{.target = random.magnitude(1, 10 * second),
                               .interval = random.magnitude(millisecond, 100 * second)};
        nanos now = random.magnitude(second, longest_uptime);
        rfc8289 model{terms};
        law::packed state;
        const std::uint64_t bad = random.between(2, 60);  // one in so many is below target
        for (int step = 0; step < 400; ++step, ++steps) {
            now += random.one_in(100) ? random.below(40 * terms.interval) : random.below(terms.interval / 2 + 1);
            const nanos sojourn = random.one_in(bad) ? terms.target - 1 : terms.target + random.below(2);
            const auto judged = law::judge(law::unpack(state), now, sojourn, terms);
            ASSERT_EQ(law::unpack(law::pack(judged.next)), judged.next);
            const bool wanted = model.drops(static_cast<double>(now >> law::tick_shift), static_cast<double>(sojourn));
            ASSERT_EQ(judged.drop, wanted) << "run " << run << ", step " << step;
            ASSERT_EQ(judged.next.dropping, model.dropping);
            state = law::pack(judged.next);
            drops += wanted ? 1U : 0U;
        }
    }
    EXPECT_GT(drops * 50, steps);
}

// Fails if a pause is taken for a queue that stood: a burst that drains within an interval costs nobody, whatever was before it.
TEST(CoDelLaw, ABurstAfterAPauseCostsNobody) {
    const law::terms terms;
    nanos now = 100 * second;
    law::position at;
    std::uint64_t drops = 0;
    const auto request = [&](nanos sojourn) {
        const auto judged = law::judge(at, now, sojourn, terms);
        at = judged.next;
        drops += judged.drop ? 1U : 0U;
    };
    for (int i = 0; i < 1'000; ++i, now += millisecond) request(2 * terms.target);
    EXPECT_GT(drops, 5U);
    drops = 0;
    for (const nanos pause : {3 * terms.interval, 2 * second, 3'600 * second}) {
        now += pause;
        for (int i = 0; i < 90; ++i, now += millisecond) request(2 * terms.target);
        EXPECT_EQ(drops, 0U) << pause;
    }
    // A queue that stands after that is one.
    for (int i = 0; i < 200; ++i, now += millisecond) request(2 * terms.target);
    EXPECT_GT(drops, 0U);
}

// Fails if interval / sqrt(count) is off by more than a tick and a thousandth.
TEST(CoDelLaw, SpacingFallsWithTheRootOfTheCount) {
    const law::terms terms{.interval = 10 * second};
    for (std::uint64_t count = 1; count <= law::greatest_count; ++count) {
        const double exact =
            static_cast<double>(terms.interval >> law::tick_shift) / std::sqrt(static_cast<double>(count));
        ASSERT_NEAR(static_cast<double>(law::spacing(count, terms)), exact, 1 + exact / 1'000) << count;
    }
}

// A queue that one server empties, a request in `service`; who would wait longer than `patience` is not simulated.
class queue_in_front {
public:
    explicit queue_in_front(nanos service) : service_{service} {}
    void arrive(nanos when) { waiting_.push_back(when); }
    // Serves what can be served until then; the greatest sojourn of those served, and how many were dropped.
    void serve_until(nanos until) {
        while (!waiting_.empty() && std::max(free_at_, waiting_.front()) < until) {
            const nanos begins = std::max(free_at_, waiting_.front());
            last_sojourn = begins - waiting_.front();
            waiting_.pop_front();
            const auto judged = law::judge(law::unpack(state_), begins, last_sojourn, terms_);
            state_ = law::pack(judged.next);
            dropping = judged.next.dropping;
            if (judged.drop)
                ++dropped;  // takes no time of the server
            else
                free_at_ = begins + service_;
        }
    }
    std::uint64_t dropped = 0;
    nanos last_sojourn = 0;
    bool dropping = false;

private:
    law::terms terms_;
    law::packed state_;
    nanos service_, free_at_ = 0;
    std::deque<nanos> waiting_;
};

// Fails if a burst that drains within an interval loses any: 90 at once, a millisecond each, again and again.
TEST(CoDelInFrontOfAQueue, BurstsAreNotDropped) {
    queue_in_front queue{millisecond};
    nanos now = 1'000 * second;
    for (int burst = 0; burst < 100; ++burst, now += 200 * millisecond) {
        for (int i = 0; i < 90; ++i) queue.arrive(now);
        queue.serve_until(now + 200 * millisecond);
    }
    EXPECT_EQ(queue.dropped, 0U);
}

// Fails if it lets a queue stand: half a second's work arrives at once, and then exactly as much as is served, for a minute; or if it goes on
// dropping when the queue is below target.
TEST(CoDelInFrontOfAQueue, StandingQueueIsDroppedUntilItIsBelowTarget) {
    queue_in_front queue{millisecond};
    nanos now = 1'000 * second;
    for (int i = 0; i < 500; ++i) queue.arrive(now);
    const auto serve = [&](int requests) {
        for (int i = 0; i < requests; ++i, now += millisecond) {
            queue.arrive(now);
            queue.serve_until(now + millisecond);
        }
    };
    serve(60'000);
    EXPECT_LT(queue.last_sojourn, 5 * millisecond);
    EXPECT_FALSE(queue.dropping);
    // As many as stood there, less what may stay, and few more.
    EXPECT_GE(queue.dropped, 495U);
    EXPECT_LE(queue.dropped, 510U);
    const std::uint64_t before = queue.dropped;
    serve(10'000);
    EXPECT_EQ(queue.dropped, before);
}

// Fails if scribbled words make it drop, or stay silent, for longer than an interval.
TEST(CoDelLaw, WhateverStandsThereItFindsBackWithinAnInterval) {
    dice random{72};
    const law::terms terms;
    for (int i = 0; i < test::rounds(20'000); ++i) {
        law::position at = law::unpack({random.word(), random.word()});
        nanos now = random.magnitude(2 * second, longest_uptime);
        at = law::judge(at, now, 0, terms).next;
        ASSERT_FALSE(at.dropping);
        std::uint64_t drops = 0;
        for (int step = 0; step < 50; ++step, now += 10 * millisecond) {
            const auto judged = law::judge(at, now, 10 * millisecond, terms);
            at = judged.next;
            drops += judged.drop ? 1U : 0U;
            ASSERT_TRUE(step >= 10 || !judged.drop);
        }
        ASSERT_GE(drops, 1U);
    }
}

// Fails if it is not the whole root: one too few or too many, anywhere.
TEST(CoDelLaw, TheRootIsTheGreatestThatFits) {
    dice random{73};
    const auto fits = [](std::uint64_t n) {
        const uint128 root = law::root(n);
        return root * root <= n && (root + 1) * (root + 1) > n;
    };
    for (std::uint64_t n = 0; n < 1'000; ++n) ASSERT_TRUE(fits(n)) << n;
    for (int i = 0; i < test::rounds(100'000); ++i) {
        const std::uint64_t n = random.magnitude(0, ~0ULL), near = random.below(1ULL << 32);
        ASSERT_TRUE(fits(n) && fits(near * near)) << n << ' ' << near;
    }
    EXPECT_EQ(law::spacing(100, {.interval = 1ULL << law::tick_shift}), 1U) << "time goes on";
}

// Fails if a time ahead of the clock is believed that nobody can have written, or one that somebody can is not; or one of which nothing hangs is looked at.
TEST(CoDelLaw, TimesAreBelievedUpToTheLastThatCanHaveBeenWritten) {
    const law::terms terms;
    const nanos clock = 1'000 * second, sojourn = terms.target;
    const std::uint64_t now = clock >> law::tick_shift, interval = terms.interval >> law::tick_shift;
    const std::uint64_t last = now + interval + (second >> law::tick_shift);
    const law::position anew{.above = now + interval};
    const auto after = [&](const law::position& at) { return law::judge(at, clock, sojourn, terms).next; };
    const law::position above{.above = last}, dropping{.above = now, .next = last, .count = 3, .dropping = true};
    EXPECT_EQ(after(above), above);
    EXPECT_EQ(after({.above = last + 1}), anew);
    EXPECT_EQ(after(dropping), dropping);
    EXPECT_EQ(after({.above = now, .next = last + 1, .count = 3, .dropping = true}), anew);
    const law::position not_yet{.above = now + 1, .next = last + 1, .count = 3};
    EXPECT_EQ(after(not_yet), not_yet);
    EXPECT_EQ(after({.above = 1}), anew) << "long ago";
    EXPECT_EQ(law::judge({}, clock, sojourn, {.target = terms.target, .interval = 1}).next.above, now + 1);
}

// Fails if it goes on at the rate of before when it stopped too long ago, or begins with one when it did not.
TEST(CoDelLaw, GoesOnAtTheRateOfBeforeForSixteenIntervals) {
    const law::terms terms;
    const nanos clock = 1'000 * second;
    const std::uint64_t now = clock >> law::tick_shift, interval = terms.interval >> law::tick_shift;
    const auto count_after = [&](std::uint64_t stopped) {
        return law::judge({.above = now, .next = stopped, .count = 10, .last_count = 2}, clock, terms.target, terms)
            .next.count;
    };
    EXPECT_EQ(count_after(now - 16 * interval + 1), 8U);
    EXPECT_EQ(count_after(now - 16 * interval), 1U);
}

// Fails if the doctor takes for scribbled what the law left there, or believes what it cannot have.
TEST(CoDelLaw, OnlyWhatItCanHaveWrittenIsPossible) {
    const nanos clock = 1'000 * second, longest = 10 * second;
    const std::uint64_t furthest = ((clock + longest + second) >> law::tick_shift) + 1;
    const auto possible = [&](const law::position& at) { return law::is_possible(law::pack(at), clock, longest); };
    EXPECT_TRUE(possible({}));
    EXPECT_TRUE(possible({.above = furthest, .next = furthest, .count = law::greatest_count, .dropping = true}));
    EXPECT_FALSE(possible({.above = furthest + 1}));
    EXPECT_FALSE(possible({.next = furthest + 1}));
    EXPECT_FALSE(law::is_possible({.first = 1 << 15, .second = 0}, clock, longest)) << "a bit that no count has";
    dice random{20261127};
    law::position at;
    nanos now = clock;
    for (int i = 0; i < 10'000; ++i) {
        const law::terms terms{.target = 5'000'000, .interval = random.magnitude(1'000'000, longest)};
        now += random.magnitude(1, second);
        at = law::judge(at, now, random.between(0, 10'000'000), terms).next;
        ASSERT_TRUE(law::is_possible(law::pack(at), now, longest)) << i;
    }
}

}  // namespace
}  // namespace seki::tests
