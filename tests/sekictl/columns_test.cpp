// Columns for any width of a screen.
#include "top/columns.hpp"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace seki::ctl::top {
namespace {

using ::testing::ElementsAre;
using ::testing::FieldsAre;

const std::array<column, 3> all{{{"KIND", 4, 4, 1}, {"NAME", 4, 10, 9}, {"CALLS", 5, 20, 5}}};

// Fails when a column goes that is worth more than one that stays, or the order changes.
TEST(Columns, ThoseWorthLeastGoFirst) {
    EXPECT_THAT(lay_out(all, 15), ElementsAre(FieldsAre(0U, 4U), FieldsAre(1U, 4U), FieldsAre(2U, 5U)));
    EXPECT_THAT(lay_out(all, 14), ElementsAre(FieldsAre(1U, 8U), FieldsAre(2U, 5U)));
    EXPECT_THAT(lay_out(all, 9), ElementsAre(FieldsAre(1U, 9U)));
    EXPECT_THAT(lay_out(all, 3), ElementsAre(FieldsAre(1U, 3U)));
}

// Fails when room is given to who is worth less while another could use it, or beyond what is of use.
TEST(Columns, ThoseWorthMostGrowFirst) {
    EXPECT_THAT(lay_out(all, 18), ElementsAre(FieldsAre(0U, 4U), FieldsAre(1U, 7U), FieldsAre(2U, 5U)));
    EXPECT_THAT(lay_out(all, 25), ElementsAre(FieldsAre(0U, 4U), FieldsAre(1U, 10U), FieldsAre(2U, 9U)));
    EXPECT_THAT(lay_out(all, 200), ElementsAre(FieldsAre(0U, 4U), FieldsAre(1U, 10U), FieldsAre(2U, 20U)));
}

// Fails when a line would be longer than the screen.
TEST(Columns, NeverTakeMoreThanThereIs) {
    for (std::size_t width = 0; width < 100; ++width) {
        const auto some = lay_out(all, width);
        ASSERT_FALSE(some.empty());
        std::size_t taken = some.size() - 1;
        for (const placed& each : some) taken += each.width;
        EXPECT_LE(taken, width);
    }
}

}  // namespace
}  // namespace seki::ctl::top
