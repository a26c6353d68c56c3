// What must be true of a bulkhead whatever happened: everything that the living do not hold can be had, and no more.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "bulkhead_scenarios.hpp"
#include "survivors.hpp"

namespace seki::test {

inline void take_all(const Bulkhead& it, std::vector<Permit>& into) {
    auto taken = it.try_acquire();
    for (; taken; taken = it.try_acquire()) into.push_back(*std::move(taken));
    EXPECT_EQ(taken.error().code, Errc::bulkhead_full);
}

inline void expect_sound(const neighbour& by, bool tidied) {
    EXPECT_EQ(broken_in(by.segment), "");
    if (!tidied) return;
    EXPECT_TRUE(by.segment.maintain());
    EXPECT_EQ(broken_in(by.segment), "");
}

// After somebody tidied up.
inline void expect_only_mine_held(const neighbour& by) {
    const BulkheadStatus now = must(by.it().status());
    EXPECT_EQ(now.in_use, by.held.size());
    EXPECT_EQ(now.waiting, 0U);
    EXPECT_EQ(now.max_concurrent, must(by.it().options()).max_concurrent);
}

// By who is ready to wait: the dead may have left a hint behind that all are out, which who does not wait believes for some milliseconds. All of
// them are given back afterwards.
inline void expect_rest_to_be_had(neighbour& by, std::uint64_t max) {
    const Bulkhead it = by.it();
    const std::uint64_t wanted = stopwatch_ns();
    (void)next_call([&] { return it.try_acquire(); });
    while (by.held.size() < max) {
        auto taken = it.acquire(20s);
        ASSERT_TRUE(taken) << taken.error().message << " with " << by.held.size() << " of " << max << " in hand";
        by.held.push_back(*std::move(taken));
    }
    came_back_since(wanted);
    EXPECT_FALSE(it.try_acquire());
    EXPECT_FALSE(it.acquire(1ms));
    EXPECT_EQ(must(by.it().status()).in_use, by.held.size());
    for (Permit& each : by.held) EXPECT_TRUE(each.release());
    by.held.clear();
    EXPECT_EQ(must(by.it().status()).in_use, 0U);
}

// One that nobody uses gives out, refuses, lets one wait, and is resized as it should.
inline void expect_it_works(neighbour& by) {
    const Bulkhead it = by.it();
    for (const std::uint64_t max : {2U, 4U}) {
        EXPECT_TRUE(by.segment.change("it", so_many(max)));
        std::vector<Permit> held;
        take_all(it, held);
        EXPECT_EQ(held.size(), max);
        const auto waited = it.acquire(1ms);
        EXPECT_TRUE(!waited && waited.error().code == Errc::timeout);
        held.pop_back();
        EXPECT_TRUE(it.acquire(1h));
    }
}

}  // namespace seki::test
