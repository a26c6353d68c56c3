// The length of windows changed while the limiter runs: numbers go on, counts start anew, and nobody is let through twice.
#include <map>

#include "dice.hpp"
#include "window_adapters.hpp"

namespace seki::tests {
namespace {

using algorithm::locate;
using algorithm::outcome;
using algorithm::shift_after_change;

constexpr std::uint64_t unbounded = 1ULL << 62;

template <class Law>
class WindowChange : public testing::Test {};
TYPED_TEST_SUITE(WindowChange, both_windows, window_names);

template <class Terms>
Terms changed(const Terms& old, nanos window, nanos now) {
    Terms next = old;
    next.window = window;
    next.shift = shift_after_change(old, window, now);
    return next;
}

// Terms after some changes, up to `now`. Counts of 11 bits leave room for every length of window.
template <class Law>
typename Law::terms any_changed(dice& random, nanos now) {
    auto terms = Law::make(shortest_window, random.between(1, 2000));
    if (random.one_in(2)) terms.window = any_window(random);
    nanos at = 0;
    for (std::uint64_t changes = random.below(4); changes > 0; --changes) {
        at = random.between(at, now);
        terms = changed(terms, any_window(random), at);
    }
    return terms;
}

// Fails when the numbers of before and after meet, those of the minute that a change may take among them, or windows lose their alignment.
TEST(WindowNumber, GoesOnLaterThanForeseenAndStaysAlignedToMultiplesOfTheWindow) {
    dice random{21};
    for (int run = 0; run < 100'000; ++run) {
        algorithm::fixed_window::terms terms{.window = any_window(random), .limit = 1, .shift = 0};
        nanos now = any_uptime(random);
        for (int change = 0; change < 10; ++change) {
            const auto next = changed(terms, any_window(random), now);
            const std::int64_t in_a_minute = locate(now + 60 * second, terms.window, terms.shift, unbounded).number;
            const std::int64_t first = locate(now, next.window, next.shift, unbounded).number;
            ASSERT_GT(first, in_a_minute);
            ASSERT_LE(first, in_a_minute + 2);
            const nanos edge = now - now % next.window + next.window;
            ASSERT_EQ(locate(edge - 1, next.window, next.shift, unbounded).number, first);
            ASSERT_EQ(locate(edge, next.window, next.shift, unbounded).number, first + 1);
            ASSERT_EQ(locate(edge, next.window, next.shift, unbounded).elapsed, 0);
            terms = next;
            now += random.magnitude(1, day);
        }
    }
}

// Fails when changing the window time and again uses up the numbers of a state.
TEST(WindowNumber, AThousandChangesLeaveNumbersForTheLifetime) {
    dice random{22};
    algorithm::fixed_window::terms terms{.window = shortest_window, .limit = 1, .shift = 0};
    for (nanos now = 0; now < longest_uptime; now += longest_uptime / 1000) {
        terms = changed(terms, random.one_in(2) ? shortest_window : any_window(random), now);
        ASSERT_TRUE(algorithm::numbers_last(terms.window, terms.shift, algorithm::fixed_window::number_mask));
    }
}

// Fails when a change of the shortest windows, which a minute has most of, takes more numbers than it need.
TEST(WindowNumber, AHundredThousandChangesOfTheShortestWindowsDoToo) {
    algorithm::fixed_window::terms terms{.window = shortest_window, .limit = 1, .shift = 0};
    for (int change = 0; change < 100'000; ++change) {
        terms = changed(terms, terms.window == shortest_window ? 2 * shortest_window : shortest_window, day);
        ASSERT_TRUE(algorithm::numbers_last(terms.window, terms.shift, algorithm::fixed_window::number_mask));
    }
}

// Fails when numbers_last() accepts a change after which the numbers of a state would run out.
TEST(WindowNumber, ChangeThatWouldRunOutOfNumbersIsSeenBeforehand) {
    const auto daily = sliding_window_law::make(day, 100);  // counts of 24 bits leave 15 for the number
    const std::uint64_t last = sliding_window_law::last_number(daily);
    EXPECT_TRUE(algorithm::numbers_last(2 * day, shift_after_change(daily, 2 * day, day), last));
    EXPECT_FALSE(algorithm::numbers_last(second, shift_after_change(daily, second, day), last));
    const std::uint64_t most = last - algorithm::lifetime / day;
    EXPECT_TRUE(algorithm::numbers_last(day, most, last));
    EXPECT_FALSE(algorithm::numbers_last(day, most + 1, last));
}

// Fails when a state of before is read as a count of after, by anybody whose clock is less than two windows behind.
TYPED_TEST(WindowChange, NoCountOfBeforeIsSeenAfter) {
    using law = TypeParam;
    dice random{23};
    for (int step = 0; step < 500'000; ++step) {
        const nanos now = any_uptime(random);
        const auto old = any_changed<law>(random, now);
        const nanos spent_at = now - std::min(now, random.one_in(2) ? 0 : random.magnitude(1, 2 * old.window));
        std::uint64_t state = law::check(0, spent_at - std::min(spent_at, old.window), 1, old).state;
        state = law::check(state, spent_at, random.between(1, old.limit), old).state;
        const auto next = changed(old, any_window(random), now);
        const nanos later = random.one_in(2) ? now : now + random.magnitude(1, longest_uptime);
        ASSERT_TRUE(law::as_good_as_new(state, later, next));
        ASSERT_EQ(law::check(state, later, 1, next).state, law::check(0, later, 1, next).state);
        ASSERT_EQ(law::check(state, later, next.limit, next).allowed, true);
    }
}

// Fails when a clock from before the change falls under window 0 and is taken for a window near the last one, which would lock the key.
TYPED_TEST(WindowChange, ClockFromBeforeTheChangeNeverReachesIntoTheFuture) {
    using law = TypeParam;
    dice random{24};
    for (int step = 0; step < 500'000; ++step) {
        const nanos now = any_uptime(random);
        const auto old = any_changed<law>(random, now);
        const auto next = changed(old, any_window(random), now);
        const std::uint64_t state = random.one_in(2) ? 0 : law::check(0, now, 1, old).state;
        const nanos lagging = now - random.magnitude(0, now);
        const outcome behind = law::check(state, lagging, 1, next);
        const std::uint64_t written = law::number_of(behind.state, next);
        ASSERT_LE(written, static_cast<std::uint64_t>(locate(now, next.window, next.shift, unbounded).number));
        // So whatever it wrote is forgotten two windows later, like any other count.
        ASSERT_TRUE(law::as_good_as_new(behind.state, now + 2 * next.window, next));
    }
}

// Fails when numbers start over once they have run out, or a state can no longer hold its own: either would forget counts.
TYPED_TEST(WindowChange, NumbersThatRanOutStayAtTheLastAndKeepItsCount) {
    using law = TypeParam;
    auto terms = law::make(second, 10);
    terms.shift = law::last_number(terms) - 1;
    const outcome before = law::check(0, 0, 10, terms);
    EXPECT_EQ(law::number_of(before.state, terms), law::last_number(terms) - 1);
    const std::uint64_t full = law::check(0, 3 * second, 10, terms).state;
    EXPECT_EQ(law::number_of(full, terms), law::last_number(terms));
    for (const nanos later : {4 * second, 5 * second, day, longest_uptime}) {
        EXPECT_FALSE(law::check(full, later, 1, terms).allowed) << later;
        EXPECT_FALSE(law::as_good_as_new(full, later, terms)) << later;
    }
}

// Fails when a call that still goes by the old terms spends beside the count of the new ones.
TYPED_TEST(WindowChange, CallByTheOldTermsSpendsFromTheSameCount) {
    using law = TypeParam;
    dice random{25};
    for (int run = 0; run < 20'000; ++run) {
        const nanos start = any_uptime(random);
        const auto old = any_changed<law>(random, start);
        const auto next = changed(old, any_window(random), start);
        // The clock of a call by the old terms was read before the new ones were published: at most the windows later that are foreseen.
        const nanos stale_until =
            start - start % old.window + (1 + algorithm::windows_foreseen(old.window)) * old.window - 1;
        std::map<std::uint64_t, std::uint64_t> admitted;  // by the number that the state then has
        std::uint64_t state = 0;
        nanos now = start;
        for (int step = 0; step < 50; ++step) {
            const bool stale = random.one_in(2);
            if (random.one_in(3)) now += random.magnitude(1, next.window);
            const nanos t = stale ? random.between(start, std::min(now, stale_until)) : now;
            const auto& terms = stale ? old : next;
            const std::uint64_t cost = random.one_in(2) ? 1 : random.between(1, terms.limit);
            const outcome each = law::check(state, t, cost, terms);
            if (!each.allowed) continue;
            ASSERT_GE(law::number_of(each.state, terms), law::number_of(state, terms));
            state = each.state;
            ASSERT_LE(admitted[law::number_of(state, terms)] += cost, terms.limit) << "run " << run << " step " << step;
        }
    }
}

}  // namespace
}  // namespace seki::tests
