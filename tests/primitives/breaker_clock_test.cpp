// The breaker that workers call, by a clock that the test moves: its straight path through a refusal says what the law says.
#include <vector>

#include "breaker_fixture.hpp"

namespace seki::test {
namespace {

// Fails if an open breaker lets somebody in a nanosecond too soon or too late, tells another time than is left, or forgets to back off.
TEST_F(BreakerClock, RefusesForExactlyTheWaitWhichGrowsWithEachBadProbe) {
    const primitives::breaker it = make({.window_size = 2,
                                         .minimum_calls = 2,
                                         .wait_duration = 20ms,
                                         .wait_multiplier = 3,
                                         .wait_duration_max = 400ms,
                                         .half_open_requests = 1});
    for (int i = 0; i < 2; ++i) fails(it);
    for (const auto wait : std::vector<std::chrono::nanoseconds>{20ms, 60ms, 180ms, 400ms, 400ms}) {
        expect_refused_for(it, wait);
        fails(it);
    }
    expect_refused_for(it, 400ms);
    ASSERT_TRUE(is_let_in(it));
    it.report(pass, Outcome::ok, clock());
    for (int i = 0; i < 2; ++i) fails(it);
    expect_refused_for(it, 20ms);
}

// Fails if a breaker that does not back off waits longer each time.
TEST_F(BreakerClock, WithoutAMultiplierTheWaitStaysAsItIs) {
    const primitives::breaker it =
        make({.window_size = 1, .minimum_calls = 1, .wait_duration = 7ms, .half_open_requests = 1});
    fails(it);
    for (int i = 0; i < 3; ++i) {
        expect_refused_for(it, 7ms);
        fails(it);
    }
}

// Fails if a call whose clock is behind that of the one who opened it, by as much as clocks differ, is let in, or told another wait than by its own clock.
TEST_F(BreakerClock, AClockThatIsBehindIsRefusedByItsOwnTime) {
    const primitives::breaker it =
        make({.window_size = 1, .minimum_calls = 1, .wait_duration = 5s, .half_open_requests = 1});
    fails(it);
    const nanos opened = now;
    now = opened - algorithm::breaker::clock_slack;
    const auto answer = it.admit(pass, clock());
    EXPECT_EQ(answer.error, Errc::circuit_open);
    EXPECT_EQ(answer.retry_after, static_cast<nanos>(std::chrono::nanoseconds{6s}.count()));
    EXPECT_EQ(it.shared().look().since, opened) << "a time that was somebody's is replaced";
    now = opened - algorithm::breaker::clock_slack - 1;
    EXPECT_EQ(it.admit(pass, clock()).error, Errc::circuit_open);
    EXPECT_EQ(it.shared().look().since, now) << "a time that was nobody's stays";
}

// Fails if a breaker that is deleted in the midst of a call goes on to refuse, or lets in.
TEST_F(BreakerClock, OneThatIsDeletedMeanwhileSaysSo) {
    const primitives::breaker it =
        make({.window_size = 1, .minimum_calls = 1, .wait_duration = 5s, .half_open_requests = 1});
    fails(it);
    now += static_cast<nanos>(std::chrono::nanoseconds{5s}.count());
    const auto deletes = [&] {
        EXPECT_TRUE(primitives::breakers::remove(where(), "it"));
        return now;
    };
    EXPECT_EQ(it.admit(pass, deletes).error, Errc::deleted);
}

// Fails if the outcome of a call in a segment that was replaced once is not counted, where others may still go by it; or if who ends one in a segment of which
// there is nothing left but the header touches the rest.
TEST_F(BreakerClock, InAReplacedSegmentAnOutcomeCountsUntilItsMemoryIsGone) {
    const primitives::breaker it = make({.window_size = 8, .minimum_calls = 8});
    const auto in_window = [&] { return it.shared().window(it.terms().law, now).total; };
    ASSERT_TRUE(is_let_in(it));
    shm::hardware::store_release(where().header().id.superseded, 1);
    it.report(pass, Outcome::error, clock());
    EXPECT_EQ(in_window(), 1U);
    shm::hardware::store_release(where().header().id.superseded, layout::emptied);
    it.report(pass, Outcome::error, clock());
    EXPECT_EQ(in_window(), 1U);
}

}  // namespace
}  // namespace seki::test
