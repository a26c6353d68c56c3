// A kill storm: 8 to 64 workers, of which one to all are killed at once, and sekid with them, in every way there is; and nothing is let in that must not be, lost
// or kept.
//
//     SEKI_SECONDS=1200 build/tests/host/kill_storm_test     twenty minutes, instead of six seconds
//     SEKI_SEED=7                                            another storm
#include <gtest/gtest.h>

#include "kill_storm.hpp"
#include "support/duration.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

// Fails if a death keeps what it held, lets in one too many, loses what a limiter owes, brings a count down or a breaker to a stand, or leaves the doctor
// something to find.
TEST(KillStorm, TakesNothingFromTheLiving) {
    kill_storm storm{seed_or(17), carelessness::none, 60s};
    storm.blow(duration_or(6s));
    storm.print();
    for (const auto& [what, times] : storm.wrongs()) ADD_FAILURE() << times << " times: " << what;
}

}  // namespace
}  // namespace seki::test
