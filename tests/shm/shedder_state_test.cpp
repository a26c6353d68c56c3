// When a shedder drops what waited too long, by times that the test makes.
#include "shm/shedder_state.hpp"

#include <gtest/gtest.h>

#include "layout/shedder.hpp"

namespace seki::test {
namespace {

constexpr std::uint64_t ms = 1'000'000;
constexpr algorithm::codel::terms law{.target = 5 * ms, .interval = 100 * ms};
constexpr std::uint64_t waited = 50 * ms;

// A moment at which the next request is dropped that may be; the state is as before that one.
std::uint64_t next_drop(layout::shedder_block& block, std::uint64_t from) {
    const shm::shedder_state<> state{block};
    for (std::uint64_t now = from;; now += ms) {
        const auto before = state.words();
        if (!state.drops(now, waited, true, law)) continue;
        shm::hardware::store_pair_release(block.codel, {before.first, before.second});
        return now;
    }
}

// Fails if a request that may not be dropped is, or the one that is due for it then goes free.
TEST(ShedderState, WhatMayNotBeDroppedLeavesTheDropToTheNext) {
    layout::shedder_block block{};
    const shm::shedder_state<> state{block};
    state.fill();
    std::uint64_t now = 1'000 * ms;
    for (int dropped = 0; dropped < 5; ++dropped) {
        now = next_drop(block, now);
        const auto before = state.words();
        EXPECT_FALSE(state.drops(now, waited, false, law));
        EXPECT_EQ(state.words(), before);
        EXPECT_TRUE(state.drops(now, waited, true, law));
        EXPECT_FALSE(state.drops(now, waited, true, law)) << "one at a time";
    }
}

// Memory in which others are always quicker.
struct overtaken : shm::hardware {
    static inline int tries = 0;
    static bool cas_pair(shm::pair& /*p*/, shm::pair_value /*expected*/, shm::pair_value /*desired*/) noexcept {
        return ++tries, false;
    }
};

// Fails by not coming back, or if who could not tell the others drops all the same.
TEST(ShedderState, WhoIsAlwaysOvertakenDropsNothing) {
    layout::shedder_block block{};
    const std::uint64_t now = next_drop(block, 1'000 * ms);
    EXPECT_FALSE(shm::shedder_state<overtaken>{block}.drops(now, waited, true, law));
    EXPECT_EQ(overtaken::tries, shm::shedder_state<overtaken>::max_rounds);
}

}  // namespace
}  // namespace seki::test
