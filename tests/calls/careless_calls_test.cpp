// The harness itself: programs that are careless, each in a way of its own, are found out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "every_call.hpp"

namespace seki::test {
namespace {

survey of(const std::string& mode) {
    return every_call({.program = "careless",
                       .what = {.words = {CARELESS, "@", mode}, .environment = {}},
                       .prepare = [](world&) {},
                       .patience = std::chrono::milliseconds{mode == "waits" ? 100 : 30'000},
                       .stride = 1});
}

// Fails if what is found is not there.
TEST(CarelessCalls, OfAProgramThatLooksAreFine) {
    const survey made = of("looks");
    EXPECT_TRUE(made.findings.empty()) << made.text();
    EXPECT_GT(made.failures, 10U);
    EXPECT_GE(made.deaths, made.calls);
}

struct planted {
    const char* mode;
    const char* found;
};

class CarelessCallsPlanted : public testing::TestWithParam<planted> {};

// Fails if one of these errors is not found.
TEST_P(CarelessCallsPlanted, AreFound) {
    EXPECT_THAT(of(GetParam().mode).text(), testing::HasSubstr(GetParam().found));
}

INSTANTIATE_TEST_SUITE_P(Each, CarelessCallsPlanted,
                         testing::Values(planted{"waits", "it hangs"}, planted{"crashes", "it dies of Aborted"},
                                         planted{"says only the number", "does not say what failed"},
                                         planted{"says no remedy", "does not say what to do"},
                                         planted{"is silent", "says nothing of its own"},
                                         planted{"leaves a file", "it leaves made.new"},
                                         planted{"ends oddly", "it ends with 77"},
                                         planted{"forgets to look", "it answers something else"},
                                         planted{"locks for ever", "the next one ends with 1"}));

}  // namespace
}  // namespace seki::test
