// Workers that are careless in one way each, and that the judge of kill storms must find so.
#include <gtest/gtest.h>

#include <ostream>

#include "kill_storm.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

struct careless {
    const char* name;
    carelessness how;
    const char* found;  // what the judge says, at least
};
std::ostream& operator<<(std::ostream& to, const careless& each) { return to << each.name; }

class CarelessStorm : public testing::TestWithParam<careless> {};

// Fails when the judge takes a careless worker's error for none, or for another.
TEST_P(CarelessStorm, IsFound) {
    kill_storm storm{seed_or(17), GetParam().how, 2s};
    storm.blow(30s);
    std::string all;
    for (const auto& [what, times] : storm.wrongs()) all += what + '\n';
    EXPECT_NE(all.find(GetParam().found), std::string::npos) << all;
}

INSTANTIATE_TEST_SUITE_P(
    Of, CarelessStorm,
    testing::Values(
        careless{"ACounterThatTheDeadStayIn", carelessness::holds_in_a_counter, "not all is free: bulkhead"},
        careless{"ALookBeforeAnAct", carelessness::looks_before_it_acts, "more were in at once"},
        careless{"ALeaveTooLate", carelessness::leaves_too_late, "more were in at once"},
        careless{"APermitNotGivenBack", carelessness::gives_nothing_back, "not all is free: bulkhead"},
        careless{"ABudgetSpentInTwoSteps", carelessness::spends_in_two_steps, "more was let in than the limit"},
        careless{"ACountOfOnesOwn", carelessness::counts_by_itself, "a count went down"},
        careless{"ABreakerForcedOpen", carelessness::forces_it_open, "do not close a breaker"}),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace seki::test
