// Several limits that a request must pass together.
#include <functional>
#include <thread>
#include <vector>

#include "client_fixture.hpp"
#include "shm/hitters.hpp"
#include "support/small_stack.hpp"

namespace seki::test {
namespace {

using CheckAll = ClientTest;

// Fails if one is left out, or the answer tells of another than the tightest.
TEST_F(CheckAll, SpendsFromEachAndTellsWhatTheTightestLeaves) {
    const Segment segment = opened();
    const Limiter wide = must(segment.limiter("wide", {.limit = 100, .window = 24h, .max_keys = 64}));
    const Limiter tight = must(segment.limiter("tight", six_a_year()));
    const std::vector<Demand> both{{wide, "alice", 2}, {tight, "alice", 1}};
    const Decision decision = check_all(both);
    EXPECT_TRUE(decision.allowed);
    EXPECT_EQ(decision.remaining, 5U);
    EXPECT_EQ(decision.limit, 6U);
    EXPECT_EQ(wide.peek("alice", 0).remaining, 98U);
    EXPECT_EQ(decision.reset_after.count() > std::chrono::nanoseconds{24h}.count(), true);
    EXPECT_TRUE(check_all({}).allowed);
}

// Fails if the one that passes is spent from although another denies, or is even written to.
TEST_F(CheckAll, WhenOneDeniesNoneIsSpent) {
    const Segment segment = opened();
    const Limiter first = must(segment.limiter("first", six_a_year()));
    const Limiter second = must(segment.limiter("second", six_a_year()));
    ASSERT_TRUE(second.check("alice", 6).allowed);
    const std::vector<Demand> demands{{first, "alice"}, {second, "alice"}};
    EXPECT_FALSE(check_all(demands).allowed);
    const std::vector<Demand> turned{{second, "alice"}, {first, "alice"}};
    EXPECT_FALSE(check_all(turned).allowed);
    EXPECT_EQ(first.peek("alice", 0).remaining, 6U);
    EXPECT_EQ(counted(segment, "first")[layout::count_allow], 0U);
    EXPECT_EQ(counted(segment, "first")[layout::count_refund], 0U);
}

// Fails if a denial is counted nowhere, or for a limiter that would have let it through; or if the same key twice counts what was undone.
TEST_F(CheckAll, EachDenialCountsForTheLimiterThatDenied) {
    const Segment segment = opened();
    const Limiter wide = must(segment.limiter("wide", six_a_year()));
    const Limiter tight = must(segment.limiter("tight", six_a_year()));
    ASSERT_TRUE(tight.check("alice", 6).allowed);
    const std::vector<Demand> demands{{wide, "alice"}, {tight, "alice", 2}};
    constexpr std::uint64_t times = 3 * 63;  // enough for a sample of them
    for (std::uint64_t i = 0; i < times; ++i) EXPECT_FALSE(check_all(demands).allowed);
    EXPECT_EQ(counted(segment, "tight")[layout::count_deny], times);
    EXPECT_EQ(counted(segment, "tight")[layout::cost_deny], 2 * times);
    EXPECT_EQ(counted(segment, "tight")[layout::count_allow], 1U);
    EXPECT_EQ(counted(segment, "wide")[layout::count_deny], 0U);
    EXPECT_EQ(counted(segment, "wide")[layout::count_allow], 0U);
    const shm::segment& where = segment.handle()->where();
    const auto hitters = shm::busiest(where, shm::directory{where}.find(layout::kind::limiter, "tight")->incarnation);
    ASSERT_EQ(hitters.size(), 1U);
    EXPECT_GT(hitters[0].denied, 0U);

    const std::vector<Demand> twice{{wide, "bob", 4}, {wide, "bob", 4}};
    EXPECT_FALSE(check_all(twice).allowed);
    EXPECT_EQ(counted(segment, "wide")[layout::count_deny], 1U);
    EXPECT_EQ(counted(segment, "wide")[layout::cost_deny], 8U);
    EXPECT_EQ(counted(segment, "wide")[layout::count_allow], 0U);
    EXPECT_EQ(counted(segment, "wide")[layout::cost_allow], 0U);
    EXPECT_EQ(counted(segment, "wide")[layout::count_refund], 0U);
    const std::vector<Demand> both{{wide, "carol", 2}, {wide, "dave", 3}};
    EXPECT_TRUE(check_all(both).allowed);
    EXPECT_EQ(counted(segment, "wide")[layout::count_allow], 2U);
    EXPECT_EQ(counted(segment, "wide")[layout::cost_allow], 5U);
}

// Fails if who is denied twice comes back too early.
TEST_F(CheckAll, TheStrictestDenialIsTheAnswer) {
    const Segment segment = opened();
    const Limiter day = must(segment.limiter("day", {.limit = 1, .window = 24h, .max_keys = 64}));
    const Limiter hour = must(segment.limiter("hour", {.limit = 1, .window = 1h, .max_keys = 64}));
    ASSERT_TRUE(day.check("alice").allowed);
    ASSERT_TRUE(hour.check("alice").allowed);
    const std::vector<Demand> both{{day, "alice"}, {hour, "alice"}}, turned{{hour, "alice"}, {day, "alice"}};
    for (const auto& demands : {both, turned}) {
        EXPECT_GT(check_all(demands).retry_after, std::chrono::nanoseconds{23h});
        EXPECT_LE(check_all(demands).retry_after, std::chrono::nanoseconds{24h});
    }
    const std::vector<Demand> hopeless{{day, "alice"}, {hour, "bob", 2}};
    EXPECT_EQ(check_all(hopeless).retry_after, never);
    const std::vector<Demand> wrong{{day, "alice"}, {hour, "bob", -1}};
    EXPECT_EQ(check_all(wrong).error, Errc::invalid_argument);
}

// Fails if two demands on one key pass together when the key has room for only one: each alone would.
TEST_F(CheckAll, TheSameKeyTwiceIsTwoDemands) {
    const Segment segment = opened();
    const Limiter limiter = must(segment.limiter("login", six_a_year()));
    const std::vector<Demand> three_and_three{{limiter, "alice", 3}, {limiter, "alice", 3}};
    const std::vector<Demand> four_and_four{{limiter, "bob", 4}, {limiter, "bob", 4}};
    EXPECT_TRUE(check_all(three_and_three).allowed);
    EXPECT_EQ(limiter.peek("alice", 0).remaining, 0U);
    EXPECT_FALSE(check_all(four_and_four).allowed);
    EXPECT_EQ(limiter.peek("bob", 0).remaining, 6U);
}

// Fails if who waits as told is denied again, because each of two demands on a key was asked alone or after the other, or if what the answer says is left of
// the key is what was left in between. By whatever handles they name it.
TEST_F(CheckAll, TheSameKeyTwiceWaitsForBoth) {
    const Segment segment = opened(), again = opened();
    for (const Algorithm algorithm : every_algorithm) {
        const std::string name = "a" + std::to_string(static_cast<int>(algorithm));
        const Limiter limiter = must(segment.limiter(name, six_a_year(algorithm)));
        const Limiter other = must(again.limiter(name));
        const std::vector<Demand> hopeless{{limiter, "alice", 3}, {limiter, "bob"}, {other, "alice", 4}};
        for (const std::int64_t spent : {0, 2, 5}) {  // both pass alone; one does; none does
            ASSERT_TRUE(limiter.check("alice", spent).allowed);
            const Decision decision = check_all(hopeless);
            EXPECT_FALSE(decision.allowed);
            EXPECT_EQ(decision.retry_after, never) << name << ", " << spent << " spent";
            EXPECT_EQ(decision.remaining, 6U - static_cast<std::uint64_t>(spent)) << name;
            EXPECT_EQ(limiter.reset("alice"), Errc::none);
        }
        EXPECT_EQ(limiter.peek("bob", 0).remaining, 6U);

        ASSERT_TRUE(limiter.check("alice", 2).allowed);
        const std::vector<Demand> patient{{limiter, "alice", 2}, {other, "alice", 3}};
        const auto before = limiter.peek("alice", 5).retry_after;
        const Decision decision = check_all(patient);
        const auto afterwards = limiter.peek("alice", 5).retry_after;
        EXPECT_LE(decision.retry_after, before) << name;
        EXPECT_GE(decision.retry_after, afterwards) << name;
        EXPECT_GT(afterwards, limiter.peek("alice", 4).retry_after) << name;
        EXPECT_EQ(decision.remaining, 4U) << name;
        const std::vector<Demand> absurd{{limiter, "alice", std::numeric_limits<std::int64_t>::max()},
                                         {other, "alice", std::numeric_limits<std::int64_t>::max()}};
        EXPECT_EQ(check_all(absurd).retry_after, never);
        ASSERT_TRUE(segment.remove_limiter(name));
    }
}

// Fails if a demand takes a piece of the stack, the order in which many are taken back matters, or a key of many is not found again.
TEST_F(CheckAll, AnyNumberOfDemandsFitsOnASmallStack) {
    const Segment segment = opened();
    const Limiter limiter = must(segment.limiter("crowd", {.limit = 150'000, .window = 366 * 24h, .max_keys = 4096}));
    const std::vector<Demand> very_many(100'000, Demand{limiter, "alice"});
    EXPECT_EQ(check_all(very_many).remaining, 50'000U);
    const Decision denied = check_all(very_many);
    EXPECT_FALSE(denied.allowed);
    EXPECT_EQ(denied.remaining, 50'000U);
    EXPECT_GT(denied.retry_after, 0ns);
    EXPECT_NE(denied.retry_after, never);
    EXPECT_EQ(limiter.peek("alice", 0).remaining, 50'000U);

    std::vector<std::string> keys;
    for (int i = 0; i < 1000; ++i) keys.push_back(std::to_string(i));
    std::vector<Demand> many;
    for (const std::string& key : keys) many.push_back({limiter, key});
    many.push_back({limiter, keys[500], 150'000});
    bool allowed = false;
    Decision both;
    on_small_stack([&] {
        allowed = check_all(std::span{many}.first(1000)).allowed;
        both = check_all(many);
    });
    EXPECT_TRUE(allowed);
    EXPECT_EQ(both.retry_after, never);
    for (const std::string& key : keys) ASSERT_EQ(limiter.peek(key, 0).remaining, 149'999U);
}

// Fails if undoing gives back what a limiter that is off, or observes, or had no room, never took: quota would be made of nothing. Or not what one took that
// enforces. The last limiter may only be read, so each look passes, and it is no longer all of them.
TEST_F(CheckAll, UndoingGivesBackOnlyWhatWasTaken) {
    const Segment segment = opened();
    ASSERT_TRUE(segment.limiter("last", six_a_year()));
    const Segment reader = opened(Access::read_only);
    const Limiter last = must(reader.limiter("last"));
    for (const Mode mode : {Mode::off, Mode::shadow}) {
        const std::string name = mode == Mode::off ? "off" : "shadow";
        LimiterOptions options = six_a_year();
        const Limiter limiter = must(segment.limiter(name, options));
        ASSERT_TRUE(limiter.check("alice", 6).allowed);
        options.mode = mode;
        ASSERT_TRUE(segment.change(name, options));
        const std::vector<Demand> demands{{limiter, "alice", 5}, {last, name, 4}};
        EXPECT_EQ(check_all(demands).error, Errc::read_only);
        options.mode = Mode::enforce;
        ASSERT_TRUE(segment.change(name, options));
        EXPECT_EQ(limiter.peek("alice", 0).remaining, 0U) << name;
        EXPECT_EQ(last.peek(name, 0).remaining, 6U) << name;
        const std::vector<Demand> enforced{{limiter, "bob", 2}, {limiter, "bob", 3}, {last, "bob"}};
        EXPECT_EQ(check_all(enforced).error, Errc::read_only);
        // All but what drained in between, twice (docs/design/limiter.md): some of the sixth.
        EXPECT_GE(limiter.peek("bob", 0).remaining, 5U) << name;
        EXPECT_EQ(counted(segment, name)[layout::count_allow], 1U) << name;
    }
}

// Fails if all of a race are denied for ever, something is spent by who was denied, or more than the limit passes.
TEST_F(CheckAll, RacesAreUndone) {
    const Segment segment = opened();
    for (const Algorithm algorithm : every_algorithm) {
        LimiterOptions options = six_a_year(algorithm);
        options.limit = 1000;
        const std::string name = "a" + std::to_string(static_cast<int>(algorithm));
        const Limiter limiter = must(segment.limiter(name, options));
        std::vector<std::uint64_t> passed(3);
        {
            std::vector<std::jthread> threads;
            for (std::uint64_t& mine : passed)
                threads.emplace_back([&mine, limiter] {
                    const std::vector<Demand> both{{limiter, "x"}, {limiter, "y"}};
                    for (int i = 0; i < 1000; ++i) mine += check_all(both).allowed ? 1U : 0U;
                });
        }
        const std::uint64_t total = passed[0] + passed[1] + passed[2];
        EXPECT_LE(total, 1000U);
        EXPECT_EQ(limiter.peek("x", 0).remaining, 1000 - total) << name;
        EXPECT_EQ(limiter.peek("y", 0).remaining, 1000 - total) << name;
        EXPECT_EQ(counted(segment, name)[layout::count_allow], 2 * total) << name;
        EXPECT_GE(counted(segment, name)[layout::count_deny], 3000 - total) << name;
        EXPECT_GE(total, 990U) << name;  // a denial needs a race for the last few
    }
}

// Fails if a receipt can be used twice, or with another limiter, or a check that leaves one is counted otherwise than one that leaves none.
TEST_F(ClientTest, AReceiptIsGoodOnceAndForItsOwnLimiter) {
    const Segment segment = opened();
    const Limiter mine = must(segment.limiter("mine", six_a_year()));
    const Limiter other = must(segment.limiter("other", six_a_year()));
    Receipt receipt;
    EXPECT_TRUE(mine.check("alice", 4, receipt).allowed);
    ASSERT_TRUE(receipt);
    static_assert(!std::is_copy_constructible_v<Receipt> && !std::is_copy_assignable_v<Receipt>);
    Receipt moved = std::move(receipt);
    EXPECT_FALSE(receipt);  // NOLINT(bugprone-use-after-move): this is what is asked
    EXPECT_EQ(mine.refund(receipt), Errc::none);
    receipt = std::move(moved);
    EXPECT_FALSE(moved);  // NOLINT(bugprone-use-after-move)
    // Who errs has it still.
    EXPECT_EQ(other.refund(receipt), Errc::invalid_argument);
    EXPECT_EQ(mine.refund(receipt, -1), Errc::invalid_argument);
    EXPECT_EQ(mine.peek("alice", 0).remaining, 2U);
    EXPECT_EQ(mine.refund(receipt, 3), Errc::none);
    EXPECT_FALSE(receipt);
    EXPECT_EQ(mine.refund(receipt), Errc::none);
    EXPECT_EQ(mine.peek("alice", 0).remaining, 5U);
    EXPECT_FALSE(mine.check("alice", 7, receipt).allowed);
    EXPECT_FALSE(receipt);
    EXPECT_EQ(mine.check("alice", -1, receipt).error, Errc::invalid_argument);
    const auto& where = segment.handle()->where();
    const auto at = shm::directory{where}.find(layout::kind::limiter, "mine");
    const auto counted = shm::sum(where, at->index, at->incarnation);
    EXPECT_EQ(counted[layout::count_allow], 1U);
    EXPECT_EQ(counted[layout::count_deny], 1U);
}

}  // namespace
}  // namespace seki::test
