// At which instructions of a way it is tried to die, or to stand still (route.hpp).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "route.hpp"

namespace seki::test {
namespace {

using testing::Contains;
using testing::IsSubsetOf;

// A way too long for more than one try by its length, with so many changes near the half of it, and two sleeps.
route way_with(std::size_t changes, std::uint64_t length) {
    route way{.length = length, .ends = true, .changed = changes, .marks = std::vector<std::uint64_t>(changes)};
    std::iota(way.marks.begin(), way.marks.end(), length / 2);
    way.sleeps = {1, length - 1};
    return way;
}

class Route : public testing::Test {
protected:
    Route() { ::unsetenv("SEKI_STRIDE"); }
};

// Fails when some of the changes of a worker's way are left to chance: it may die after any.
TEST_F(Route, HasADeathAfterEachChangeHoweverLongItIs) {
    for (const std::size_t changes : {1U, 15U, 33U}) {
        const route way = way_with(changes, 20'000);
        const auto points = points_of(way, trying::to_die, 1'000);
        EXPECT_THAT(way.marks, IsSubsetOf(points));
        EXPECT_EQ(points.size(), changes + 2) << "and one of its sleeps, and its end";
        EXPECT_THAT(points, Contains(stepped_process::to_the_end));
    }
}

// Fails when what makes tables, or standing still at all that a long way changes, takes the time of all other tests.
TEST_F(Route, IsTriedInPartsWhereThatTakesLong) {
    EXPECT_EQ(points_of(way_with(118, 24'000), trying::to_die, 1'000).size(), 6U + 1U + 1U);
    EXPECT_EQ(points_of(way_with(5, 1'000'000), trying::to_die, 1'000, 3).size(), 3U + 2U + 1U);
    EXPECT_EQ(points_of(way_with(33, 20'000), trying::to_die, 1'000, 3, 0).size(), 3U + 2U + 1U) << "by no worker";
    EXPECT_EQ(points_of(way_with(33, 30'000), trying::to_stand_still, 1'000, 3).size(), 3U + 1U);
}

}  // namespace
}  // namespace seki::test
