// Options that change while a limiter is used: what is kept, what starts anew, and whoever is in the middle of a check meanwhile.
#include <gmock/gmock.h>

#include <thread>

#include "limiter_fixture.hpp"

namespace seki::test {
namespace {

class LimiterChange : public EveryLimiterTest {
protected:
    // A change reads the clock itself, so these tests stand at the present.
    LimiterChange() { catch_up(); }
    void catch_up() { now = primitives::read_clock(Clock::precise); }
    void change(const LimiterOptions& options) {
        const auto changed = primitives::limiters::change(where(), "it", options);
        ASSERT_TRUE(changed) << changed.error().message;
        catch_up();
    }
    // Windows of which none ends while a test runs: nothing comes back, and the end of one is a year away.
    static LimiterOptions six_in_so_long() {
        LimiterOptions options = six_a_minute();
        options.window = 366 * 24h;
        return options;
    }
    static bool is_bucket() { return primitives::is_bucket(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(, LimiterChange, testing::ValuesIn(every_algorithm), name_of_algorithm);

// What only some have: a burst, and numbers of windows.
class BucketChange : public LimiterChange {};
class WindowChange : public LimiterChange {};
INSTANTIATE_TEST_SUITE_P(, BucketChange,
                         testing::Values(Algorithm::gcra, Algorithm::token_bucket, Algorithm::leaky_bucket),
                         name_of_algorithm);
INSTANTIATE_TEST_SUITE_P(, WindowChange, testing::Values(Algorithm::sliding_window, Algorithm::fixed_window),
                         name_of_algorithm);

// Fails if a new limit forgets what was spent, or is not in force for handles that were bound before.
TEST_P(LimiterChange, OfTheLimitKeepsWhatWasSpent) {
    LimiterOptions options = six_in_so_long();
    const auto limiter = make(options);
    ASSERT_TRUE(check(limiter, "alice", 6).allowed);
    ASSERT_FALSE(check(limiter, "alice").allowed);
    options.limit = 12;
    change(options);
    EXPECT_EQ(limiter.options(), options);
    // Six of twelve for a window. A bucket's backlog is a time: a whole window's, of which the new burst fills as much.
    EXPECT_EQ(check(limiter, "alice", 0).remaining, is_bucket() ? 0U : 6U);
    EXPECT_TRUE(check(limiter, "bob", 12).allowed);
    options.limit = 3;
    change(options);
    EXPECT_FALSE(check(limiter, "alice").allowed);
    EXPECT_FALSE(check(limiter, "bob").allowed);
    EXPECT_EQ(check(limiter, "carol", 4).retry_after, never);
    EXPECT_TRUE(check(limiter, "carol", 3).allowed);
}

// Fails if the burst is taken from elsewhere than the terms, or what was spent is forgotten.
TEST_P(BucketChange, OfTheBurstKeepsWhatWasSpent) {
    LimiterOptions options = six_in_so_long();
    options.burst = 4;
    const auto limiter = make(options);
    ASSERT_TRUE(check(limiter, "alice", 4).allowed);
    options.burst = 10;
    change(options);
    EXPECT_EQ(check(limiter, "alice", 0).remaining, 6U);
    EXPECT_EQ(check(limiter, "alice", 0).limit, 10U);
    options.burst = 2;
    change(options);
    EXPECT_FALSE(check(limiter, "alice").allowed);
    EXPECT_EQ(check(limiter, "bob", 3).retry_after, never);
}

// Fails if a count of the old window is taken for one of the new, as it is or as the previous one: numbers go on two further.
TEST_P(LimiterChange, OfTheWindowStartsTheCountsOfWindowsAnew) {
    LimiterOptions options = six_in_so_long();
    const auto limiter = make(options);
    for (const auto window :
         {std::chrono::nanoseconds{24h}, std::chrono::nanoseconds{366 * 24h}, std::chrono::nanoseconds{48h}}) {
        while (check(limiter, "alice").allowed) {
        }
        options.window = window;
        change(options);
        const Decision seen = check(limiter, "alice", 0);
        if (is_bucket()) {
            EXPECT_EQ(seen.remaining, 0U) << window.count();
        } else {
            EXPECT_EQ(seen.remaining, 6U) << window.count();
            EXPECT_EQ(seen.reset_after, 0ns);
            EXPECT_TRUE(check(limiter, "alice", 6).allowed);
        }
        EXPECT_FALSE(check(limiter, "alice").allowed);
        // Whoever's clock has not come as far as the change counts into the new window, and gains nothing.
        now -= 1'000'000'000;
        EXPECT_FALSE(check(limiter, "alice").allowed);
        catch_up();
    }
}

// Fails if a change of the window publishes terms more often than it need: each time windows go on two further. Or if the next change forgets how far they are.
TEST_P(WindowChange, IsPublishedOnceAndKept) {
    LimiterOptions options = six_a_minute();  // so that some windows are over since the machine began
    const auto limiter = make(options);
    const auto& entry = shm::directory{where()}.entry(limiter.place().index);
    const auto shift = [&] { return shm::read_terms(entry).values[layout::term_shift]; };
    const std::uint64_t first = shm::terms_version(entry);
    options.window = 24h;
    change(options);
    EXPECT_EQ(shm::terms_version(entry), first + 1);
    const std::uint64_t kept = shift();
    EXPECT_NE(kept, 0U);
    ASSERT_TRUE(check(limiter, "alice", 6).allowed);
    options.limit = 7;
    change(options);
    EXPECT_EQ(shift(), kept);
    EXPECT_EQ(check(limiter, "alice", 0).remaining, 1U);
}

// Fails if a check that read the old terms, and was stopped before it read the clock, decides by them.
TEST_P(LimiterChange, InTheMiddleOfACheckIsSeenByIt) {
    LimiterOptions options = six_in_so_long();
    const auto limiter = make(options);
    int readings = 0;
    const auto change_meanwhile = [&](Clock) {
        if (readings++ == 0) {
            options.limit = 2;
            options.window = 24h;
            change(options);
        }
        return now;
    };
    EXPECT_EQ(limiter.decide({.key = "alice", .cost = 3}, change_meanwhile).retry_after, never);
    EXPECT_EQ(readings, 2);
    EXPECT_TRUE(check(limiter, "alice", 2).allowed);
    EXPECT_FALSE(check(limiter, "alice").allowed);
}

// Fails if a key that is new while the window changes is given the time of now by the terms of before: the window that this names would begin hours later,
// and so long the key would be denied.
TEST_P(LimiterChange, OfTheWindowWhileAKeyIsInsertedDoesNotLockTheKeyOut) {
    now = primitives::read_clock(Clock::precise);  // as the change itself reads it
    LimiterOptions options = six_in_so_long();
    options.window = 1ms;
    const auto limiter = make(options);
    int readings = 0;
    const auto change_meanwhile = [&](Clock) {
        if (readings++ == (is_bucket() ? 2 : 1)) {  // a bucket straight on; in full; and now the insert
            options.window = 1h;
            change(options);
            pass(50ms);
        }
        return now;
    };
    ASSERT_TRUE(limiter.decide({.key = "alice", .cost = 6}, change_meanwhile).allowed);
    ASSERT_EQ(options.window, 1h);
    ASSERT_FALSE(check(limiter, "alice").allowed);
    pass(2h);
    EXPECT_TRUE(check(limiter, "alice").allowed);
}

// Fails if a change of the rest touches what was spent, or is not in force at once.
TEST_P(LimiterChange, OfModeOnFullAndClockKeepsWhatWasSpent) {
    LimiterOptions options = six_in_so_long();
    const auto limiter = make(options);
    ASSERT_TRUE(check(limiter, "alice", 6).allowed);
    options.on_full = OnFull::deny;
    options.clock = Clock::coarse;
    change(options);
    EXPECT_FALSE(check(limiter, "alice").allowed);
    Clock asked = Clock::precise;
    (void)limiter.decide({.key = "alice"}, [&](Clock which) {
        asked = which;
        return now;
    });
    EXPECT_EQ(asked, Clock::coarse);
    options.mode = Mode::shadow;
    change(options);
    EXPECT_TRUE(check(limiter, "alice").shadow);
}

// Fails if windows can be changed until their numbers run out: time would stand still for the limiter.
TEST_P(WindowChange, ThatTheNumbersOfWindowsDoNotReachIsRefused) {
    LimiterOptions options = six_in_so_long();
    const auto limiter = make(options);
    auto& entry = shm::directory{where()}.entry(limiter.place().index);
    auto terms = limiter.terms();
    const unsigned counts = GetParam() == Algorithm::fixed_window ? 24 : 2 * terms.count_bits;
    terms.shift = (1ULL << (63 - counts)) - 4;
    shm::publish_terms(entry, primitives::pack(terms));
    const std::string before{memory()};
    options.window = 365 * 24h;
    const auto refused = primitives::limiters::change(where(), "it", options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::invalid_argument);
    EXPECT_THAT(refused.error().message, testing::HasSubstr("limiter \"it\": window cannot change to 365d"));
    EXPECT_TRUE(memory() == before);
    options.window = 366 * 24h;
    options.limit = 7;
    change(options);
}

// Fails if of two who change something at once one undoes what the other did.
TEST_P(LimiterChange, OfDifferentOptionsAtOnceLosesNone) {
    const auto limiter = make(six_in_so_long());
    constexpr int rounds = 200;
    const auto raise = [&](std::uint64_t LimiterOptions::* const which) {
        for (int i = 0; i < rounds; ++i)
            EXPECT_TRUE(
                primitives::limiters::edit(where(), "it", [&](LimiterOptions options) -> Result<LimiterOptions> {
                    ++(options.*which);
                    return options;
                }));
    };
    std::thread other{raise, &LimiterOptions::limit};
    raise(&LimiterOptions::limit);
    other.join();
    EXPECT_EQ(limiter.options().limit, 6U + 2 * rounds);
}

// Fails if a change is made in part, or of what cannot change.
TEST_P(LimiterChange, ThatIsRefusedChangesNothing) {
    const auto limiter = make(six_in_so_long());
    const std::string before{memory()};
    LimiterOptions zero = six_in_so_long(), other = six_in_so_long(), larger = six_in_so_long(),
                   textless = six_in_so_long();
    zero.limit = 0;
    other.algorithm = is_bucket() ? Algorithm::fixed_window : Algorithm::gcra;
    larger.max_keys *= 2;
    textless.store_keys = false;
    for (const LimiterOptions& wrong : {zero, other, larger, textless}) {
        const auto refused = primitives::limiters::change(where(), "it", wrong);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Errc::invalid_argument);
        EXPECT_NE(refused.error().message.find("limiter \"it\""), std::string::npos) << refused.error().message;
    }
    EXPECT_TRUE(memory() == before);
}

}  // namespace
}  // namespace seki::test
