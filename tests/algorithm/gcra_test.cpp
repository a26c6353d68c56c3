// gcra, token_bucket and leaky_bucket against an exact model, and what users are promised of them.
#include "algorithm/gcra.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "bounds.hpp"
#include "dice.hpp"
#include "models.hpp"
#include "support/sanitizers.hpp"

namespace seki::tests {
namespace {

using algorithm::never;
using algorithm::outcome;
namespace gcra = algorithm::gcra;

struct bucket {
    gcra::terms law;
    bucket_model::shape shape;  // the same for the model
    nanos window = 0;
    std::uint64_t limit = 0;
};

// Any that can be configured.
bucket any_bucket(dice& random) {
    bucket made;
    made.window = any_window(random);
    made.limit = any_limit(random, made.window);
    made.law.emission = gcra::emission_for(made.window, made.limit);
    const std::uint64_t most = std::min(longest_backlog * gcra::ticks_per_nano / made.law.emission, greatest_limit);
    made.law.burst = random.one_in(3)   ? std::min(made.limit, most)
                     : random.one_in(4) ? most
                                        : random.magnitude(1, most);
    made.law.horizon = made.law.burst * made.law.emission;
    made.law.reciprocal = gcra::reciprocal_of(made.law.emission);
    made.shape = {bucket_model::interval_of(made.window, made.limit), made.law.burst};
    return made;
}

// Where the clock of the next call stands: mostly a little later, at the edge of the latest answer, or a little earlier.
nanos next_time(dice& random, nanos t, const outcome& latest, const bucket& at) {
    const nanos interval = at.law.emission / gcra::ticks_per_nano + 1;
    nanos step = 0;
    switch (random.below(12)) {
        case 0: step = 1; break;
        case 1: step = random.below(interval + 1); break;
        case 2: step = interval; break;
        case 3: step = latest.retry_after == never ? 0 : latest.retry_after; break;
        case 4: step = latest.retry_after == never || latest.retry_after == 0 ? 0 : latest.retry_after - 1; break;
        case 5: step = latest.reset_after; break;
        case 6: step = latest.reset_after == 0 ? 0 : latest.reset_after - 1; break;
        case 7: return t - std::min(t, random.magnitude(1, interval));
        case 8: step = random.one_in(20) ? random.magnitude(1, longest_uptime) : 0; break;
        default: break;
    }
    return std::min(t + step, longest_uptime);
}

// Fails when any field of any answer differs from the formulas by one unit, or a clock that is one nanosecond off is answered alike.
TEST(Gcra, AnswersWhatTheFormulasSayToTheNanosecond) {
    dice random{1};
    for (int run = 0; run < test::rounds(12'000); ++run) {
        bucket at = any_bucket(random);
        bucket_model model;
        std::uint64_t state = 0;
        nanos t = any_uptime(random);
        outcome latest;
        for (int step = 0; step < 100; ++step) {
            if (random.one_in(50)) at = any_bucket(random);  // live change: tat stays, all else is new
            t = next_time(random, t, latest, at);
            const std::uint64_t cost = any_cost(random, at.law.burst);
            SCOPED_TRACE(testing::Message()
                         << "run " << run << " step " << step << " t " << t << " cost " << cost << " emission "
                         << at.law.emission << " burst " << at.law.burst << " state " << state);
            if (random.one_in(20)) {
                state = gcra::refund(state, t, cost, at.law);
                model.refund(t, cost, at.shape);
            }
            const nanos delay = model.reset_after(t);
            latest = gcra::check(state, t, cost, at.law);
            ASSERT_EQ(latest.allowed, model.allows(t, cost, at.shape));
            if (latest.allowed) {
                model.spend(t, cost, at.shape);
                ASSERT_EQ(latest.retry_after, 0);
            } else if (cost > at.law.burst) {
                ASSERT_EQ(latest.retry_after, never);
            } else {
                ASSERT_EQ(latest.retry_after, model.retry_after(t, cost, at.shape));
                ASSERT_TRUE(model.allows(t + latest.retry_after, cost, at.shape));
                ASSERT_FALSE(model.allows(t + latest.retry_after - 1, cost, at.shape));
                ASSERT_TRUE(gcra::check(state, t + latest.retry_after, cost, at.law).allowed);
                ASSERT_FALSE(gcra::check(state, t + latest.retry_after - 1, cost, at.law).allowed);
            }
            if (!latest.allowed || cost == 0) {  // a denial and a peek take nothing
                ASSERT_EQ(latest.state, state);
            }
            state = latest.state;
            ASSERT_EQ(state >> 63, 0U);
            ASSERT_EQ(latest.limit, at.law.burst);
            ASSERT_EQ(gcra::terms_of({.emission = at.law.emission, .horizon = at.law.horizon}).burst, at.law.burst);
            ASSERT_EQ(latest.delay, delay);
            ASSERT_EQ(latest.remaining, model.remaining(t, at.shape));
            ASSERT_EQ(latest.reset_after, model.reset_after(t));
            ASSERT_EQ(gcra::as_good_as_new(state, t), model.idle(t));
            ASSERT_TRUE(gcra::as_good_as_new(state, t + latest.reset_after));
            if (latest.reset_after > 0) {
                ASSERT_FALSE(gcra::as_good_as_new(state, t + latest.reset_after - 1));
            }
        }
    }
}

// Fails when T is rounded down, when time going back gains anything, or when a refund gives more than was taken.
TEST(Gcra, AdmitsInNoIntervalMoreThanBurstAndRateAllow) {
    dice random{2};
    for (int run = 0; run < 4'000; ++run) {
        const bucket at = any_bucket(random);
        struct admission {
            nanos t;
            std::uint64_t cost;
        };
        std::vector<admission> admitted;
        std::uint64_t state = 0;
        nanos clock = any_uptime(random);
        nanos latest_applied = 0;
        outcome latest;
        for (int step = 0; step < 150; ++step) {
            clock = next_time(random, clock, latest, at);
            const std::uint64_t cost = any_cost(random, at.law.burst);
            latest = gcra::check(state, clock, cost, at.law);
            if (!latest.allowed || cost == 0) continue;
            latest_applied = std::max(latest_applied, clock);
            state = latest.state;
            const std::uint64_t unused = random.one_in(10) ? random.between(0, cost) : 0;
            if (unused > 0) state = gcra::refund(state, clock, unused, at.law);
            admitted.push_back({latest_applied, cost - unused});
        }
        for (std::size_t first = 0; first < admitted.size(); ++first) {
            int128 sum = 0;
            for (std::size_t last = first; last < admitted.size(); ++last) {
                sum += admitted[last].cost;
                const int128 over_burst = (sum - at.law.burst) * at.window;
                ASSERT_LE(over_burst, int128{admitted[last].t - admitted[first].t} * at.limit) << "run " << run;
            }
        }
    }
}

// Fails when a call behind the latest one is admitted although it would not have been then, or leaves another state.
TEST(Gcra, ClockThatIsBehindGetsNothingThatTheLaterTimeWouldRefuse) {
    dice random{3};
    for (int step = 0; step < test::rounds(1'000'000); ++step) {
        bucket at;
        at.law.emission = random.magnitude(1, 1ULL << 40);
        at.law.burst = random.magnitude(1, 1000);
        at.law.horizon = at.law.burst * at.law.emission;
        at.law.reciprocal = gcra::reciprocal_of(at.law.emission);
        const nanos t = random.magnitude(1ULL << 30, longest_uptime);
        const std::uint64_t state = gcra::check(0, t, random.between(1, at.law.burst), at.law).state;
        const std::uint64_t cost = random.between(1, at.law.burst);
        const nanos behind = t - random.magnitude(1, t);
        const outcome early = gcra::check(state, behind, cost, at.law);
        const outcome late = gcra::check(state, t, cost, at.law);
        ASSERT_LE(early.allowed, late.allowed);
        ASSERT_LE(gcra::check(state, behind, 0, at.law).remaining, gcra::check(state, t, 0, at.law).remaining);
        if (early.allowed) {
            ASSERT_EQ(early.state, late.state);
        }
    }
}

// Fails when T is rounded the wrong way or kept too coarsely.
TEST(Gcra, RateIsNeverTooHighAndLessThanATenthOfAPercentTooLow) {
    dice random{4};
    const auto expect_close = [](nanos window, std::uint64_t limit) {
        const uint128 wanted = static_cast<uint128>(window) * gcra::ticks_per_nano;
        const uint128 kept = static_cast<uint128>(gcra::emission_for(window, limit)) * limit;
        ASSERT_GE(kept, wanted) << limit << " per " << window;
        ASSERT_LT((kept - wanted) * 1000, wanted) << limit << " per " << window;
    };
    expect_close(day, 1);
    expect_close(longest_window, 1);
    expect_close(second, fastest);
    expect_close(millisecond, 10'000);
    for (std::uint64_t limit = 1; limit <= fastest; limit += limit < 100'000 ? 1 : random.between(1, 20))
        expect_close(second, limit);
    for (int step = 0; step < test::rounds(2'000'000); ++step) {
        const nanos window = any_window(random);
        expect_close(window, any_limit(random, window));
    }
}

// Fails when waiting for retry_after each time adds up its rounding: the state must keep fractions of a nanosecond.
TEST(Gcra, GreedyCallerWhoWaitsAsToldGetsTheConfiguredRate) {
    dice random{5};
    for (int run = 0; run < 300; ++run) {
        const bucket at = any_bucket(random);
        const std::uint64_t steps =
            std::min<std::uint64_t>(10'000, longest_backlog * gcra::ticks_per_nano / at.law.emission);
        const gcra::terms law{.emission = at.law.emission, .horizon = 2 * at.law.emission, .burst = 2};
        const nanos start = random.below(second);
        nanos t = start;
        std::uint64_t state = gcra::check(0, t, 2, law).state;
        for (std::uint64_t step = 0; step < steps; ++step) {
            const outcome refused = gcra::check(state, t, 1, law);
            ASSERT_FALSE(refused.allowed);
            t += refused.retry_after;
            state = gcra::check(state, t, 1, law).state;
        }
        const uint128 wanted = static_cast<uint128>(at.window) * steps;  // of (t - start) * limit
        const uint128 taken = static_cast<uint128>(t - start) * at.limit;
        ASSERT_GE(taken, wanted);
        // The last wait alone is rounded up to a nanosecond.
        ASSERT_LE(taken, wanted + wanted / 1000 + at.limit) << at.limit << " per " << at.window;
    }
}

// Fails when a refund larger than what was spent makes room for more than the burst.
TEST(Gcra, RefundNeverGivesMoreThanTheCapacity) {
    dice random{6};
    for (int step = 0; step < 500'000; ++step) {
        const std::uint64_t burst = random.magnitude(1, 1000);
        const std::uint64_t emission = random.magnitude(1, 1ULL << 50);
        const gcra::terms law{.emission = emission, .horizon = burst * emission, .burst = burst};
        const nanos t = random.magnitude(1, longest_uptime);
        const std::uint64_t spent = gcra::check(0, t, random.between(1, burst), law).state;
        const std::uint64_t state =
            gcra::refund(spent, t, random.one_in(2) ? random.word() : any_cost(random, burst), law);
        ASSERT_LE(gcra::check(state, t, 0, law).remaining, burst);
        ASSERT_FALSE(gcra::check(state, t, burst + 1, law).allowed);
        const outcome all = gcra::check(state, t, gcra::check(state, t, 0, law).remaining, law);
        ASSERT_TRUE(all.allowed);
        ASSERT_FALSE(gcra::check(all.state, t, 1, law).allowed);
    }
}

// Fails when the refund is cut to a burst that was lowered after the cost was spent.
TEST(Gcra, RefundGivesBackWhatWasSpentBeforeTheBurstWasLowered) {
    const gcra::terms before{.emission = 16, .horizon = 1600, .burst = 100};
    const gcra::terms after{.emission = 16, .horizon = 80, .burst = 5};
    const std::uint64_t spent = gcra::check(0, 1000, 100, before).state;
    EXPECT_EQ(gcra::check(gcra::refund(spent, 1000, 98, after), 1000, 0, after).remaining, 3);
}

// Fails when uptime and backlog together leave the 63 bits.
TEST(Gcra, TenYearsOfBacklogAfterEightYearsOfUptimeFit) {
    const std::uint64_t emission = longest_backlog / 10 * gcra::ticks_per_nano;
    const gcra::terms law{.emission = emission, .horizon = 10 * emission, .burst = 10};
    const outcome all = gcra::check(0, longest_uptime, 10, law);
    EXPECT_TRUE(all.allowed);
    EXPECT_EQ(all.state >> 63, 0U);
    EXPECT_EQ(all.reset_after, longest_backlog);
    EXPECT_EQ(gcra::check(all.state, longest_uptime, 10, law).retry_after, longest_backlog);
    EXPECT_EQ(gcra::check(all.state, 0, 10, law).retry_after, longest_uptime + longest_backlog);
}

// Fails if the product with the reciprocal is ever off by more than the one that is mended.
TEST(GcraQuotient, IsThatOfADivision) {
    const auto agrees = [](std::uint64_t ticks, std::uint64_t emission) {
        return algorithm::gcra::quotient(ticks, {.emission = emission}) == ticks / emission;
    };
    constexpr std::uint64_t top = ~std::uint64_t{0};
    constexpr std::uint64_t one = 1;
    for (const std::uint64_t emission : {one, 2 * one, 3 * one, 10 * one, 1600 * one, (one << 32) - 1, one << 32,
                                         (one << 62) - 1, one << 62, (one << 63) - 1, one << 63, top - 1, top})
        for (const std::uint64_t ticks : {0 * one, one, emission - 1, emission, 7 * emission - 1, 7 * emission,
                                          top / emission * emission - 1, top / emission * emission, top - 1, top})
            EXPECT_TRUE(agrees(ticks, emission)) << ticks << " / " << emission;
    dice random{9};
    for (int i = 0; i < test::rounds(1'000'000); ++i) {
        const std::uint64_t emission = random.magnitude(1, top);
        const std::uint64_t ticks = random.magnitude(0, top);
        ASSERT_TRUE(agrees(ticks, emission)) << ticks << " / " << emission;
        // Where a product that falls short does harm: just at a multiple, and just below it.
        const std::uint64_t multiple = random.between(1, top / emission) * emission;
        ASSERT_TRUE(agrees(multiple, emission) && agrees(multiple - 1, emission)) << multiple << " / " << emission;
    }
}

// Fails if the reciprocal is off by one, for a power of two too.
TEST(GcraQuotient, ItsReciprocalIsTheWholePartOfTheTrueOne) {
    const auto right = [](std::uint64_t divisor) {
        return uint128{gcra::reciprocal_of(divisor)} == (uint128{1} << 64) / divisor;
    };
    for (unsigned bit = 1; bit < 64; ++bit) ASSERT_TRUE(right(1ULL << bit)) << bit;
    for (std::uint64_t divisor = 2; divisor < 1'000; ++divisor) ASSERT_TRUE(right(divisor)) << divisor;
    dice random{10};
    for (int i = 0; i < test::rounds(100'000); ++i) {
        const std::uint64_t divisor = random.magnitude(2, ~0ULL);
        ASSERT_TRUE(right(divisor)) << divisor;
    }
}

// Fails if what is taken back is not just what has not drained since, by any clock, or goes below the time that it is.
TEST(Gcra, WhatIsTakenBackIsWhatHasNotDrainedSince) {
    dice random{11};
    for (int i = 0; i < test::rounds(300'000); ++i) {
        const bucket at = any_bucket(random);
        const std::uint64_t cost = any_cost(random, at.law.burst);
        const nanos then = random.magnitude(1, longest_uptime);
        const nanos price_ns = at.law.emission / gcra::ticks_per_nano * std::min(cost, at.law.burst);
        const nanos now = random.one_in(4)   ? then
                          : random.one_in(4) ? then - std::min(then, random.magnitude(1, second))
                                             : then + random.magnitude(1, 2 * price_ns + 1);
        const std::uint64_t tat = (std::max(now, then) + random.magnitude(1, 2 * price_ns + 1)) * gcra::ticks_per_nano &
                                  algorithm::state_mask;
        int128 left =
            int128{cost} * at.law.emission - (int128{now} - then > 0 ? int128{now} - then : 0) * gcra::ticks_per_nano;
        left = std::min<int128>(left < 0 ? 0 : left,
                                std::max<int128>(int128{tat} - int128{now} * gcra::ticks_per_nano, 0));
        ASSERT_EQ(gcra::undo(tat, now, cost, then, at.law), static_cast<std::uint64_t>(tat - left)) << i;
    }
}

}  // namespace
}  // namespace seki::tests
