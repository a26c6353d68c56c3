// fixed_window and sliding_window against an exact model, and what users are promised of them.
#include <map>

#include "dice.hpp"
#include "models.hpp"
#include "support/sanitizers.hpp"
#include "window_adapters.hpp"

namespace seki::tests {
namespace {

using algorithm::never;
using algorithm::outcome;

template <class Law>
class WindowLaw : public testing::Test {};
TYPED_TEST_SUITE(WindowLaw, both_windows, window_names);

// Where the clock of the next call stands: around the edges of windows and of the latest answer, and now and then behind.
nanos next_time(dice& random, nanos t, const outcome& latest, nanos window) {
    nanos step = 0;
    switch (random.below(14)) {
        case 0: step = 1; break;
        case 1: step = random.below(window); break;
        case 2: step = random.magnitude(1, window); break;
        case 3: step = latest.retry_after == never ? 0 : latest.retry_after; break;
        case 4: step = latest.retry_after == never || latest.retry_after == 0 ? 0 : latest.retry_after - 1; break;
        case 5: step = latest.reset_after; break;
        case 6: step = latest.reset_after == 0 ? 0 : latest.reset_after - 1; break;
        case 7: step = window - t % window; break;
        case 8: step = window - t % window - 1; break;
        case 9: return t - std::min(t, random.magnitude(1, 2 * window));
        case 10: step = random.one_in(20) ? random.magnitude(1, longest_uptime) : 0; break;
        default: break;
    }
    return std::min(t + step, longest_uptime);
}

// Fails when any field of any answer differs from the formulas by one unit, or a clock that is one nanosecond off is answered alike.
TYPED_TEST(WindowLaw, AnswersWhatTheFormulasSayToTheNanosecond) {
    using law = TypeParam;
    dice random{11};
    for (int run = 0; run < test::rounds(12'000); ++run) {
        auto terms = any_terms<law>(random);
        window_model model{law::sliding, terms.window};
        std::uint64_t state = 0;
        nanos t = any_uptime(random);
        outcome latest;
        struct spending {
            std::uint64_t cost, left;
            std::int64_t window;
        } earlier{};
        for (int step = 0; step < 100; ++step) {
            if (random.one_in(50)) terms.limit = any_limit(random, terms.window, law::greatest_for(terms.window));
            t = next_time(random, t, latest, terms.window);
            const std::uint64_t cost = any_cost(random, terms.limit);
            SCOPED_TRACE(testing::Message()
                         << "run " << run << " step " << step << " t " << t << " cost " << cost << " window "
                         << terms.window << " limit " << terms.limit << " state " << state);
            if (random.one_in(20)) {
                state = law::refund(state, t, cost, terms);
                model.refund(t, cost);
            }
            if (earlier.cost > 0 && random.one_in(20)) {
                state = law::undo(state, t, earlier.cost, earlier.left, terms);
                model.undo(earlier.window, earlier.cost);
                earlier = {};
            }
            latest = law::check(state, t, cost, terms);
            ASSERT_EQ(latest.allowed, model.allows(t, cost, terms.limit));
            if (latest.allowed) {
                model.spend(t, cost);
                if (cost > 0 && random.one_in(4)) earlier = {cost, latest.state, model.latest()};
                ASSERT_EQ(latest.retry_after, 0);
            } else if (cost > terms.limit) {
                ASSERT_EQ(latest.retry_after, never);
            } else {
                ASSERT_TRUE(model.allows(t + latest.retry_after, cost, terms.limit));
                ASSERT_FALSE(model.allows(t + latest.retry_after - 1, cost, terms.limit));
                ASSERT_TRUE(law::check(state, t + latest.retry_after, cost, terms).allowed);
                ASSERT_FALSE(law::check(state, t + latest.retry_after - 1, cost, terms).allowed);
            }
            if (!latest.allowed || cost == 0) {  // a denial and a peek take nothing
                ASSERT_EQ(latest.state, state);
            }
            state = latest.state;
            ASSERT_EQ(state >> 63, 0U);
            ASSERT_EQ(latest.limit, terms.limit);
            ASSERT_EQ(latest.delay, 0);
            ASSERT_EQ(latest.remaining, model.remaining(t, terms.limit));
            ASSERT_EQ(law::as_good_as_new(state, t, terms), model.idle(t));
            ASSERT_TRUE(model.idle(t + latest.reset_after));
            ASSERT_TRUE(law::as_good_as_new(state, t + latest.reset_after, terms));
            if (latest.reset_after > 0) {
                ASSERT_FALSE(model.idle(t + latest.reset_after - 1));
                ASSERT_FALSE(law::as_good_as_new(state, t + latest.reset_after - 1, terms));
            }
        }
    }
}

// Fails when a clock that goes back starts a window anew, or a window admits more than its limit in any other way.
TYPED_TEST(WindowLaw, AdmitsInNoWindowMoreThanTheLimit) {
    using law = TypeParam;
    dice random{12};
    for (int run = 0; run < 10'000; ++run) {
        const auto terms = any_terms<law>(random);
        std::map<std::uint64_t, std::uint64_t> admitted;
        std::uint64_t state = 0;
        std::uint64_t latest_window = 0;
        nanos clock = any_uptime(random);
        outcome latest;
        for (int step = 0; step < 150; ++step) {
            clock = next_time(random, clock, latest, terms.window);
            const std::uint64_t cost = any_cost(random, terms.limit);
            latest = law::check(state, clock, cost, terms);
            if (!latest.allowed || cost == 0) continue;
            state = latest.state;
            latest_window = std::max(latest_window, clock / terms.window);
            ASSERT_LE(admitted[latest_window] += cost, terms.limit) << "run " << run;
        }
    }
}

// Fails when a number wraps: idle times are aimed at the multiples of 2^k windows where it would.
TYPED_TEST(WindowLaw, EntryLeftAloneForAnyTimeIsNeverTakenForACurrentOne) {
    using law = TypeParam;
    dice random{13};
    for (int step = 0; step < test::rounds(1'000'000); ++step) {
        const auto terms = any_terms<law>(random);
        const nanos t = random.magnitude(1, algorithm::lifetime - 1);
        const std::uint64_t state = law::check(0, t, any_limit(random, terms.window, terms.limit), terms).state;
        const nanos most = algorithm::lifetime - t;
        const uint128 aimed = (uint128{1} << random.below(45)) * terms.window;
        const nanos idle = random.one_in(4) || aimed > most ? random.magnitude(1, most) : static_cast<nanos>(aimed);
        const nanos later = t + idle;
        if (later / terms.window < t / terms.window + 2) continue;
        ASSERT_TRUE(law::as_good_as_new(state, later, terms)) << terms.window << " from " << t << " to " << later;
        ASSERT_EQ(law::check(state, later, 1, terms).state, law::check(0, later, 1, terms).state);
    }
}

// Fails when count_bits_for() or the fixed split leaves too few bits for the numbers of some length of window.
TYPED_TEST(WindowLaw, NumbersLastForTheLifetimeAtEveryLengthOfWindow) {
    using law = TypeParam;
    dice random{14};
    const auto expect_lasting = [](nanos window) {
        const auto terms = law::make(window, 1);
        ASSERT_TRUE(algorithm::numbers_last(window, 0, law::last_number(terms))) << window;
        ASSERT_LT(algorithm::lifetime / window + 1000, law::last_number(terms)) << window << ": no room for changes";
        ASSERT_GE(law::greatest_for(window), 2047U) << window;
    };
    for (nanos near = 1ULL << 20; near <= longest_window; near *= 2)
        for (nanos window = near - 2; window <= near + 2; ++window) expect_lasting(window);
    expect_lasting(shortest_window);
    expect_lasting(longest_window);
    for (int step = 0; step < 300'000; ++step) expect_lasting(any_window(random));
}

// Fails when a clock that is behind is admitted although the later time would refuse, or is told times by another clock than its own.
TYPED_TEST(WindowLaw, ClockThatIsBehindGetsNothingThatTheLaterTimeWouldRefuse) {
    using law = TypeParam;
    dice random{15};
    for (int step = 0; step < 500'000; ++step) {
        const auto terms = any_terms<law>(random);
        const nanos t = random.magnitude(1, longest_uptime);
        std::uint64_t state =
            law::check(0, t - std::min(t, terms.window), any_limit(random, terms.window, terms.limit), terms).state;
        state = law::check(state, t, 1, terms).state;
        const nanos behind = t - std::min(t, random.magnitude(1, 3 * terms.window));
        const std::uint64_t cost = any_limit(random, terms.window, terms.limit);
        const outcome early = law::check(state, behind, cost, terms);
        const outcome late = law::check(state, t, cost, terms);
        if (behind / terms.window == t / terms.window) {
            ASSERT_LE(early.allowed, late.allowed);
        }
        if (early.allowed && late.allowed) {
            ASSERT_EQ(early.state, late.state);
        }
        if (early.allowed || early.retry_after == never) continue;
        ASSERT_TRUE(law::check(state, behind + early.retry_after, cost, terms).allowed);
        ASSERT_FALSE(law::check(state, behind + early.retry_after - 1, cost, terms).allowed);
    }
}

// Fails when a limit that was lowered below what is spent lets even a peek through, or counts below zero.
TYPED_TEST(WindowLaw, LimitLoweredBelowWhatIsSpentRefusesUntilTheCountHasGone) {
    using law = TypeParam;
    auto terms = law::make(second, 100);
    const std::uint64_t state = law::check(0, 0, 100, terms).state;
    terms.limit = 10;
    for (const std::uint64_t cost : {0U, 1U, 10U}) {
        const outcome now = law::check(state, 1, cost, terms);
        EXPECT_FALSE(now.allowed);
        EXPECT_EQ(now.remaining, 0);
        EXPECT_TRUE(law::check(state, 1 + now.retry_after, cost, terms).allowed);
        EXPECT_FALSE(law::check(state, now.retry_after, cost, terms).allowed);
    }
}

// Fails when the greatest limit does not fit in a count.
TYPED_TEST(WindowLaw, GreatestLimitIsKeptToTheUnit) {
    using law = TypeParam;
    for (const nanos window : {shortest_window, second, day, longest_window}) {
        const auto terms = law::make(window, law::greatest_for(window));
        const nanos t = longest_uptime;
        const outcome almost = law::check(0, t, terms.limit - 1, terms);
        EXPECT_EQ(almost.remaining, 1);
        const outcome all = law::check(almost.state, t, 1, terms);
        EXPECT_TRUE(all.allowed);
        EXPECT_EQ(all.remaining, 0);
        EXPECT_FALSE(law::check(all.state, t, 1, terms).allowed);
    }
}

// Fails if a count gets fewer bits than the numbers of windows leave over, or more.
TEST(SlidingWindow, CountsGetAllTheBitsThatNumbersLeaveOver) {
    for (unsigned power = 20; power < 55; ++power) {
        const unsigned bits = algorithm::sliding_window::count_bits_for(1ULL << power);
        const unsigned number_bits = algorithm::sliding_window::lifetime_bits - power;
        EXPECT_LE(2 * bits + number_bits, 63U) << power;
        EXPECT_TRUE(bits == algorithm::sliding_window::max_count_bits || 2 * (bits + 1) + number_bits > 63) << power;
        EXPECT_EQ(algorithm::sliding_window::count_bits_for((2ULL << power) - 1), bits) << power;
    }
}

// Fails if one must wait for what is free already.
TEST(SlidingWindow, NothingMustSlideOutOfSightForWhatIsFree) {
    EXPECT_EQ(algorithm::sliding_window::slid_out(3, 3, second), 0U);
    EXPECT_EQ(algorithm::sliding_window::slid_out(2, 3, second), 0U);
    EXPECT_EQ(algorithm::sliding_window::slid_out(4, 3, second), second / 4);
    EXPECT_EQ(algorithm::sliding_window::slid_out(4, 0, second), second);
}

}  // namespace
}  // namespace seki::tests
