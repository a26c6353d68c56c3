// Keys, and what they choose.
#include "top/controls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace seki::ctl::top {
namespace {

using name = key::name;
using strings = std::vector<std::string>;

class Controls : public ::testing::Test {
protected:
    bool press(name is) { return top::press(of_, {.is = is}, ids_, 3); }
    void type(std::u32string_view text) {
        for (const char32_t code : text) EXPECT_TRUE(top::press(of_, {.is = name::character, .code = code}, ids_, 3));
    }

    controls of_;
    strings ids_{"a", "b", "c", "d", "e"};
};

// Fails when the choice leaves the list, or a key moves it elsewhere.
TEST_F(Controls, TheChoiceStaysInTheList) {
    press(name::up);
    EXPECT_EQ(of_.primitives.id(), "a");
    type(U"jj");
    EXPECT_EQ(of_.primitives.id(), "c");
    press(name::page_down);
    EXPECT_EQ(of_.primitives.id(), "e");
    press(name::page_up);
    EXPECT_EQ(of_.primitives.id(), "b");
    press(name::end);
    press(name::down);
    EXPECT_EQ(of_.primitives.id(), "e");
    press(name::home);
    EXPECT_EQ(of_.primitives.id(), "a");
    ids_.clear();
    for (const name each : {name::down, name::up, name::end, name::page_up}) press(each);
    EXPECT_EQ(of_.primitives.at(), 0U);
}

// Fails when another is chosen because the list was sorted anew, or none where the chosen one went away.
TEST_F(Controls, TheChoiceFollowsWhatWasChosen) {
    of_.primitives.settle(ids_);
    type(U"j");
    of_.primitives.settle({"e", "d", "c", "b", "a"});
    EXPECT_EQ(of_.primitives.at(), 3U);
    of_.primitives.settle({"e", "d"});
    EXPECT_EQ(of_.primitives.id(), "d");
    of_.primitives.settle({});
    of_.primitives.settle({"e", "d"});
    EXPECT_EQ(of_.primitives.id(), "d");
}

// Fails when the chosen line is off the screen, or the screen shows less than it could.
TEST_F(Controls, TheChosenLineIsOnTheScreen) {
    selection some;
    some.settle(ids_);
    some.move(4, ids_);
    some.scroll_to_it(3, 5);
    EXPECT_EQ(some.first(), 2U);
    some.move(-1, ids_);
    some.scroll_to_it(3, 5);
    EXPECT_EQ(some.first(), 2U);
    some.move(-2, ids_);
    some.scroll_to_it(3, 5);
    EXPECT_EQ(some.first(), 1U);
    some.scroll_to_it(9, 5);
    EXPECT_EQ(some.first(), 0U);
    some.scroll_to_it(0, 5);
}

// Fails when letters of a filter are taken for commands, half a character stays, or Escape does not bring back what was.
TEST_F(Controls, AFilterIsTyped) {
    of_.filter = "old";
    type(U"/qü番😀");
    EXPECT_EQ(of_.filter, "oldqü番😀");
    press(name::backspace);
    press(name::backspace);
    EXPECT_EQ(of_.filter, "oldqü");
    type(U"\x1f\x9b");
    press(name::down);
    EXPECT_EQ(of_.filter, "oldqü");
    press(name::enter);
    EXPECT_FALSE(of_.typing);
    EXPECT_EQ(of_.opened, "");
    type(U"/xyz");
    press(name::escape);
    EXPECT_EQ(of_.filter, "oldqü");
    press(name::escape);
    EXPECT_EQ(of_.filter, "");
    type(U"/");
    for (int i = 0; i < 9; ++i) type(U"0123456789");
    EXPECT_LE(of_.filter.size(), 64U);
    for (int i = 0; i < 99; ++i) press(name::backspace);
    EXPECT_EQ(of_.filter, "");
}

// Fails when a key opens, closes or sorts something else than what is on the screen.
TEST_F(Controls, WhatIsOpenedIsClosedInItsOrder) {
    of_.primitives.settle(ids_);
    type(U"j");
    press(name::enter);
    EXPECT_EQ(of_.opened, "b");
    type(U"s");
    EXPECT_EQ(of_.keys_by, report::key_order::most_denied);
    type(U"jj");
    EXPECT_EQ(of_.scrolled, 2U);
    press(name::page_up);
    EXPECT_EQ(of_.scrolled, 0U);
    type(U"?");
    EXPECT_TRUE(of_.helps);
    press(name::enter);
    press(name::escape);
    EXPECT_EQ(of_.opened, "b");
    press(name::escape);
    EXPECT_TRUE(of_.lists());
    type(U"sr");
    EXPECT_EQ(of_.by, order::calls);
    EXPECT_TRUE(of_.reversed);
    type(U"w");
    press(name::enter);  // nobody is listed there yet
    EXPECT_EQ(of_.opened, "");
    type(U"ssss");
    EXPECT_EQ(of_.workers_by, worker_order::holds);
    type(U"p ");
    EXPECT_FALSE(of_.paused);
    EXPECT_FALSE(top::press(of_, {.is = name::character, .code = U'q'}, ids_, 3));
}

}  // namespace
}  // namespace seki::ctl::top
