// The times of calls as they ship, through every way in which three actors may run through each other, with some of them dying anywhere; and parts of
// them that are needed: without one, some interleaving goes wrong (planted_latency.cmake).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "planted/counts_by_a_store.hpp"
#include "planted/overwrites_the_next_lap.hpp"
#include "shm/explored.hpp"
#include "shm/latency_scenarios.hpp"

namespace seki::test {
namespace {

using testing::StartsWith;
using real = latency_scenarios<shm::latency_window<stepped>>;

std::string found(bounds within, const attempt& one) {
    const exploration done = explore(within, one);
    std::printf("%s, after %llu schedules\n", done.failure.c_str(), static_cast<unsigned long long>(done.schedules));
    return done.failure;
}

// Each of these fails if a call is lost or counted twice, whoever dies where. The last one shows that they can.

TEST(LatencyInterleavings, EachCallIsCountedOnce) {
    expect_none_fails({.preemptions = 4, .deaths = 0}, real::three_of_one_bucket);
    expect_none_fails({.preemptions = 3, .deaths = 2}, real::three_of_one_bucket);
}

TEST(LatencyInterleavings, WhoComesALapTooLateTakesNothingAway) {
    expect_none_fails({.preemptions = 4, .deaths = 0}, real::one_comes_late);
    expect_none_fails({.preemptions = 3, .deaths = 2}, real::one_comes_late);
}

TEST(LatencyInterleavings, PlantedErrorsAreFound) {
    using by_store = latency_scenarios<shm::counts_by_a_store::latency_window<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, by_store::three_of_one_bucket), StartsWith("a call is lost"));
    using overwrites = latency_scenarios<shm::overwrites_the_next_lap::latency_window<stepped>>;
    EXPECT_THAT(found({.preemptions = 2}, overwrites::one_comes_late), StartsWith("a call is lost"));
}

}  // namespace
}  // namespace seki::test
