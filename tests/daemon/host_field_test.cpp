// Whom a request says that it is for; from outside: tests/programs/access_test.py.
#include "daemon/host_field.hpp"

#include <gtest/gtest.h>

namespace seki::daemon {
namespace {

// Fails when the name that sekid listens on is a stranger's, or another one is taken for it.
TEST(HostField, TheNameInListenIsItsOwn) {
    EXPECT_TRUE(is_for_this_host("web1.example:9435", "web1.example:9435"));
    EXPECT_TRUE(is_for_this_host("Web1.Example", "web1.example:9435"));
    EXPECT_FALSE(is_for_this_host("web1.example.evil", "web1.example:9435"));
    EXPECT_FALSE(is_for_this_host("eb1.example", "web1.example:9435"));
}

// Fails when what no browser says is refused, or reads beyond its end.
TEST(HostField, WhatIsNoNameIsNoStranger) {
    for (const char* field : {"", ":", ":1", "[", "[::1", "1.2.3.4", "a"})
        EXPECT_TRUE(is_for_this_host(field, "")) << field;
    for (const char* field : {".", "a.", "a.:1", "1.2.3.4.", ".a"})
        EXPECT_FALSE(is_for_this_host(field, "x:1")) << field;
}

}  // namespace
}  // namespace seki::daemon
