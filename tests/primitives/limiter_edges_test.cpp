// A limiter whose terms, place or key change while somebody is at it, and one that may not be written.
#include "limiter_fixture.hpp"

namespace seki::test {
namespace {

using LimiterEdges = EveryLimiterTest;
INSTANTIATE_TEST_SUITE_P(, LimiterEdges, testing::ValuesIn(every_algorithm), name_of_algorithm);

// Nothing comes back while a test runs, and no window ends.
LimiterOptions in_a_year(Algorithm algorithm, std::uint64_t limit) {
    return {.algorithm = algorithm, .limit = limit, .window = 366 * 24h, .max_keys = 64};
}

// Fails if a check goes on by terms that were changed before it spent anything: those of its first look, or a mixture.
TEST_P(LimiterEdges, TermsThatChangeInTheMiddleOfACheckAreThoseItGoesBy) {
    const auto limiter = make(in_a_year(GetParam(), 100));
    now = primitives::read_clock(Clock::precise);
    ASSERT_TRUE(check(limiter, "alice").allowed);
    int readings = 0;
    const Decision decision = limiter.decide({.key = "alice", .cost = 5}, [&](Clock) {
        if (++readings == 1) {
            EXPECT_TRUE(primitives::limiters::change(where(), "it", in_a_year(GetParam(), 3)));
        }
        return now;
    });
    EXPECT_EQ(readings, 2);
    EXPECT_EQ(decision.error, Errc::none);
    EXPECT_FALSE(decision.allowed);
    EXPECT_EQ(decision.limit, 3U);
}

// Fails if what was taken is given back to a limiter that was deleted meanwhile, so to whatever is in its memory by now.
TEST_P(LimiterEdges, NothingIsGivenBackToADeletedLimiter) {
    const auto limiter = make(in_a_year(GetParam(), 6));
    primitives::receipt made;
    ASSERT_TRUE(limiter.attempt({.key = "alice", .cost = 4}, made, [this](Clock) { return now; }).allowed);
    std::string before;
    const Errc answer = limiter.refund(made, 4, [&](Clock) {
        EXPECT_TRUE(primitives::limiters::remove(where(), "it"));
        before = memory_of_others();
        return now;
    });
    EXPECT_EQ(answer, Errc::none) << "it stood when it was asked";
    EXPECT_TRUE(memory_of_others() == before);
    EXPECT_EQ(limiter.refund(made, 4, [this](Clock) { return now; }), Errc::deleted);
    EXPECT_TRUE(memory_of_others() == before);
}

// Fails if a key that lost its slot, as it was as good as new, gets one for what is given back.
TEST_P(LimiterEdges, NothingIsGivenBackToAKeyThatHasNoSlot) {
    const auto limiter = make({.algorithm = GetParam(), .limit = 6, .window = 60s, .max_keys = 64});
    primitives::receipt made;
    ASSERT_TRUE(limiter.attempt({.key = "alice", .cost = 4}, made, [this](Clock) { return now; }).allowed);
    ASSERT_TRUE(made.taken);
    made.tag = limiter.hash()("bob");
    const std::string before = memory_of_others();
    EXPECT_EQ(limiter.refund(made, 4, [this](Clock) { return now; }), Errc::none);
    EXPECT_TRUE(memory_of_others() == before);
    EXPECT_FALSE(limiter.table().find(limiter.hash()("bob")));
}

// Fails if who may only read spends, gives back or counts: its mapping would not take it, and the process would die.
TEST_P(LimiterEdges, WhoMayOnlyReadChangesNothing) {
    const auto writable = make(in_a_year(GetParam(), 6));
    primitives::receipt made;
    ASSERT_TRUE(writable.attempt({.key = "alice", .cost = 4}, made, [this](Clock) { return now; }).allowed);
    const auto read = shm::segment::attach(path(), shm::segment::access::read_only);
    ASSERT_TRUE(read) << read.error().message;
    const primitives::limiter limiter{std::make_shared<const shm::attachment>(*read), writable.place()};
    const std::string before{memory()};
    EXPECT_EQ(check(limiter, "alice").error, Errc::read_only);
    EXPECT_EQ(limiter.refund(made, 4, [this](Clock) { return now; }), Errc::read_only);
    EXPECT_EQ(limiter.refund("alice", 4), Errc::read_only);
    EXPECT_EQ(limiter.reset("alice"), Errc::read_only);
    limiter.count_denial({.key = "alice"}, {});
    EXPECT_EQ(peek(limiter, "alice").error, Errc::none);
    EXPECT_TRUE(memory() == before);
}

// Fails if a limiter that only watches denies for want of room, or does not say that it would have.
TEST_P(LimiterEdges, AFullTableThatOnlyWatchesDeniesNobodyAndSaysSo) {
    LimiterOptions options = in_a_year(GetParam(), 6);
    options.max_keys = 1;
    options.on_full = OnFull::deny;
    options.mode = Mode::shadow;
    const auto limiter = make(options);
    std::uint64_t would_have = 0;
    for (int i = 0; i < 200; ++i) {
        const Decision decision = check(limiter, "key number " + std::to_string(i), 6);
        EXPECT_TRUE(decision.allowed);
        would_have += decision.shadow ? 1U : 0U;
    }
    EXPECT_GE(would_have, 200 - limiter.table().slot_count());
    EXPECT_EQ(counted(limiter)[layout::count_shadow], would_have);
    EXPECT_EQ(counted(limiter)[layout::count_full], would_have);
}

// Fails if a change makes a limit larger than the words of the keys can count, instead of being refused.
TEST_F(LimiterTest, ALimitThatTheStatesCannotCountIsNoChange) {
    const auto limiter = make({.algorithm = Algorithm::sliding_window, .limit = 5, .window = 1min, .max_keys = 64});
    LimiterOptions wanted = limiter.options();
    wanted.window = 1h;
    wanted.limit = 524'288;
    const auto refused = primitives::limiters::change(where(), "it", wanted);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::invalid_argument);
    EXPECT_NE(refused.error().message.find("too large for the window"), std::string::npos) << refused.error().message;
    EXPECT_EQ(limiter.options().limit, 5U);
}

// Fails if the greatest cost that a limiter takes counts as another, or one that none takes counts as more than one more: sums of such would overflow.
TEST_F(LimiterTest, CostsBeyondEveryCapacityCountAsTheLeastOfThem) {
    const auto limiter = make({.limit = 6, .window = 60s, .max_keys = 8});
    const auto greatest = static_cast<std::int64_t>(primitives::max_count);
    EXPECT_FALSE(check(limiter, "alice", greatest).allowed);
    EXPECT_EQ(counted(limiter)[layout::cost_deny], primitives::max_count);
    EXPECT_FALSE(check(limiter, "alice", greatest + 1'000'000).allowed);
    EXPECT_EQ(counted(limiter)[layout::cost_deny], 2 * primitives::max_count + 1);
}

// Fails if the doctor is told that states cannot be where a change of the window leaves them (algorithm/window_number.hpp), or that they may be anywhere.
TEST(LimiterLaws, StatesOfWindowsAreThreeWindowsAheadAtMost) {
    for (const Algorithm algorithm : {Algorithm::sliding_window, Algorithm::fixed_window}) {
        const auto terms = primitives::pack(primitives::compile({.algorithm = algorithm, .limit = 6, .window = 60s}));
        EXPECT_EQ(primitives::with_law(terms, [](const auto& law) { return law.reach(); }), 180'000'000'000U);
    }
}

}  // namespace
}  // namespace seki::test
