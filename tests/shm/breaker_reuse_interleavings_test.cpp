// Memory of a deleted breaker that another takes over, with somebody still on the way into the first: every way in which they may run through each other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planted/asks_whatever_stands.hpp"
#include "planted/begins_alike.hpp"
#include "planted/believes_whatever_stands.hpp"
#include "planted/moves_whatever_stands.hpp"
#include "planted/reads_terms_after_the_look.hpp"
#include "planted_error.hpp"
#include "shm/breaker_reuse_scenarios.hpp"
#include "shm/explored.hpp"

namespace seki::test {
namespace {

using real = breaker_reuse_scenarios<shm::breaker<stepped>>;
using law::outcome;
using testing::StartsWith;

// With two preemptions everywhere, three and a death only where that stays cheap.
constexpr bounds two{.preemptions = 2, .deaths = 0};

// Each of these fails if whoever is late lets one in too many, or moves, or counts in, the breaker that follows.

TEST(BreakerReuse, NoPlaceIsGivenTwice) { expect_none_fails(two, real::a_prober_is_late); }

TEST(BreakerReuse, NobodyIsLetInByTheWordOrTheTermsOfAnother) {
    expect_none_fails({.preemptions = 3, .deaths = 1}, real::a_call_is_late);
}

TEST(BreakerReuse, AProbeThatEndsLateChangesNothing) {
    expect_none_fails(two, real::a_probe_ends_late<outcome::ok>);
    expect_none_fails(two, real::a_probe_ends_late<outcome::error>);
    expect_none_fails(two, real::a_probe_ends_late<outcome::ignore>);
}

TEST(BreakerReuse, AnOutcomeThatIsLateCountsForNothing) {
    expect_none_fails(two, real::an_outcome_is_late_by_count);
    expect_none_fails(two, real::an_outcome_is_late_in_time);
}

TEST(BreakerReuse, AnOrderIsForTheOneThatItWasGiven) { expect_none_fails(two, real::an_operator_is_late); }

// Each of these fails if the exploration does not see what these tests are for.
TEST(BreakerReuse, WhoAsksWithoutALookWhetherItStandsIsFound) {
    using broken = breaker_reuse_scenarios<shm::asks_whatever_stands::breaker<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::a_prober_is_late),
                StartsWith("a probe of another breaker has its place"));
}
TEST(BreakerReuse, WhoBelievesAWordWithoutALookWhetherItStandsIsFound) {
    using broken = breaker_reuse_scenarios<shm::believes_whatever_stands::breaker<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::a_call_is_late), StartsWith("another breaker lets it in"));
}
TEST(BreakerReuse, WhoReadsTheTermsAfterTheLookWhetherItStandsIsFound) {
    using broken = breaker_reuse_scenarios<shm::reads_terms_after_the_look::breaker<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::a_call_is_late), StartsWith("another breaker lets it in"));
}
TEST(BreakerReuse, WhoMovesWithoutALookWhetherItStandsIsFound) {
    using broken = breaker_reuse_scenarios<shm::moves_whatever_stands::breaker<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, broken::an_operator_is_late),
                StartsWith("it is moved by what was for another breaker"));
}
TEST(BreakerReuse, ABreakerThatBeginsWhereAnotherWasIsFound) {
    using broken = breaker_reuse_scenarios<shm::begins_alike::breaker<stepped>>;
    EXPECT_THAT(found({.preemptions = 1}, broken::a_probe_ends_late<outcome::ok>),
                StartsWith("too many probes are let in"));
}

}  // namespace
}  // namespace seki::test
