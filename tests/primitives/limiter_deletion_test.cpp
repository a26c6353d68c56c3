// A limiter that is deleted while somebody is in the middle of a check of it, and another that is made in its memory at once.
#include <vector>

#include "limiter_fixture.hpp"

namespace seki::test {
namespace {

class LimiterDeletion : public EveryLimiterTest {
protected:
    LimiterDeletion() { now = primitives::read_clock(Clock::precise); }
    static LimiterOptions in_a_year(OnFull on_full) {
        return {.algorithm = GetParam(), .limit = 6, .window = 366 * 24h, .max_keys = 1, .on_full = on_full};
    }
    // Deletes "it", and fills a new one with keys that are all spent.
    [[nodiscard]] primitives::limiter replace() const {
        const auto removed = primitives::limiters::remove(where(), "it");
        if (!removed) throw std::runtime_error(removed.error().message);
        auto next = make(in_a_year(OnFull::deny), "another");
        for (int i = 0; i < 200; ++i) (void)check(next, "of the other " + std::to_string(i), 6);
        return next;
    }
};
INSTANTIATE_TEST_SUITE_P(, LimiterDeletion, testing::ValuesIn(every_algorithm), name_of_algorithm);

// Fails if what a check finds in the memory of another limiter is taken for an answer (a new key finds no room there, and is let through), is
// counted, or changes anything there. The clock is read where a check can be stopped between its look whether the limiter stands and its table.
TEST_P(LimiterDeletion, InTheMiddleOfACheckIsTheAnswer) {
    for (const OnFull on_full : {OnFull::allow, OnFull::deny})
        for (const bool spend : {true, false})
            for (int when = 1; when <= 3; ++when) {
                const auto limiter = make(in_a_year(on_full));
                std::vector<primitives::limiter> next;
                std::string before;
                int readings = 0;
                const Decision decision = limiter.decide({.key = "alice", .spend = spend}, [&](Clock) {
                    if (++readings == when) {
                        next.push_back(replace());
                        before = memory_of_others();
                    }
                    return now;
                });
                if (next.empty()) {  // it was answered with fewer looks at the clock
                    EXPECT_TRUE(decision.allowed);
                    ASSERT_TRUE(primitives::limiters::remove(where(), "it"));
                    continue;
                }
                ASSERT_EQ(next.front().place().arena_offset, limiter.place().arena_offset);
                EXPECT_FALSE(decision.allowed) << when;
                EXPECT_EQ(decision.error, Errc::deleted) << when;
                EXPECT_TRUE(memory_of_others() == before) << when;
                ASSERT_TRUE(primitives::limiters::remove(where(), "another"));
            }
}

}  // namespace
}  // namespace seki::test
