// How long who asks after others goes on.
#include "shm/asking_time.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace seki::test {
namespace {

using shm::asking_time;

// Fails when fewer are asked than may always be, or more once the time is over.
TEST(AskingTime, SoManyAreAskedHoweverShortItIs) {
    asking_time asking;
    for (unsigned i = 0; i < asking_time::at_least; ++i) EXPECT_FALSE(asking.over(0)) << i;
    EXPECT_TRUE(asking.over(0));
    asking = {};
    EXPECT_FALSE(asking.over(0)) << "it begins anew";
}

// Fails when it is over though there is time left: what was asked before, or since when, is not as it should be.
TEST(AskingTime, GoesOnWhileThereIsTime) {
    constexpr std::uint64_t hour = 3'600'000'000'000;
    asking_time asking;
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(asking.over(hour)) << i;
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(asking.over(shm::asking_all_ns)) << i;
    EXPECT_TRUE(asking.over(0));
}

}  // namespace
}  // namespace seki::test
