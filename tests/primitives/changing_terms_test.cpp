// Terms that change again and again while they are read or published: each loop ends after as many rounds as it may take, and what comes of it is safe.
#include "limiter_fixture.hpp"
#include "primitives/fresh_state.hpp"
#include "shm/directory.hpp"

namespace seki::test {
namespace {

using primitives::fresh_state;

class ChangingTerms : public EveryLimiterTest {
protected:
    [[nodiscard]] layout::directory_entry& entry_of(const primitives::limiter& of) const {
        return shm::directory{where()}.entry(of.place().index);
    }
    // To the same, which who reads them meanwhile cannot know.
    static void change(layout::directory_entry& entry) { shm::publish_terms(entry, shm::read_terms(entry).values); }
    [[nodiscard]] static std::uint64_t fresh_by(const layout::directory_entry& entry, std::uint64_t now) {
        return primitives::with_law(shm::read_terms(entry).values, [now](const auto& law) { return law.fresh(now); });
    }
};
INSTANTIATE_TEST_SUITE_P(, ChangingTerms, testing::ValuesIn(every_algorithm), name_of_algorithm);

// Fails if a check whose terms never stand still decides by such as have ceased, spends, or goes on for ever.
TEST_P(ChangingTerms, ACheckThatNeverFindsAnyGivesUp) {
    const auto limiter = make(six_a_minute());
    int reads = 0;
    primitives::receipt receipt;
    const Decision made = limiter.attempt({.key = "alice", .cost = 2}, receipt, [&](Clock) {
        ++reads;
        change(entry_of(limiter));
        return now;
    });
    EXPECT_EQ(made.error, Errc::damaged);
    EXPECT_FALSE(made.allowed || receipt.let_through);
    EXPECT_EQ(reads, shm::key_table<>::max_rounds);
    EXPECT_EQ(peek(limiter, "alice", 0).remaining, 6U);
}

// Fails if what is given back while others spend takes their spending back, or tries for ever to be as quick as they.
TEST_P(ChangingTerms, WhoIsAlwaysTooLateToGiveBackGivesUp) {
    LimiterOptions many = six_a_minute();
    many.limit = 100'000;
    const auto limiter = make(many);
    primitives::receipt receipt;
    ASSERT_TRUE(limiter.attempt({.key = "alice", .cost = 2}, receipt, [this](Clock) { return now; }).allowed);
    int reads = 0;
    limiter.undo(receipt, [&](Clock) {
        ++reads;
        EXPECT_TRUE(check(limiter, "alice").allowed);
        return now;
    });
    EXPECT_EQ(reads, shm::key_table<>::max_rounds);
    EXPECT_EQ(peek(limiter, "alice", 0).remaining, many.limit - 2 - static_cast<std::uint64_t>(reads));
}

// Fails if a key that nobody has seen begins otherwise than the law in force says, or by a time at which others were.
TEST_P(ChangingTerms, AFreshStateIsThatOfTheTermsInForce) {
    auto& entry = entry_of(make(six_a_minute()));
    EXPECT_EQ(fresh_state(entry, [this](Clock) { return now; }), fresh_by(entry, now));
    int reads = 0;
    const std::uint64_t state = fresh_state(entry, [&](Clock) {
        pass(60s);
        if (++reads < 4) change(entry);
        return now;
    });
    EXPECT_EQ(reads, 4);
    EXPECT_EQ(state, fresh_by(entry, now));
}

// Fails if who needs a fresh state waits for terms that somebody scribbles on without end.
TEST_P(ChangingTerms, AFreshStateTakesNoMoreThanEightRounds) {
    auto& entry = entry_of(make(six_a_minute()));
    int reads = 0;
    const std::uint64_t state = fresh_state(entry, [&](Clock) {
        ++reads;
        change(entry);
        return now;
    });
    EXPECT_EQ(reads, 8);
    EXPECT_EQ(state, fresh_by(entry, now));
}

}  // namespace
}  // namespace seki::test
