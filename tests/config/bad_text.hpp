// A configuration with a mistake, and what is to be said of it: configuration_test.cpp has the test, each file its tables.
#pragma once

#include <ostream>
#include <string_view>

#include <gtest/gtest.h>

namespace seki::config {

struct bad_text {
    std::string_view text, message;
};

inline void PrintTo(const bad_text& bad, std::ostream* out) { *out << testing::PrintToString(bad.text); }

class BadConfiguration : public testing::TestWithParam<bad_text> {};

}  // namespace seki::config
