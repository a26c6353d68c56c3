// Deadlines: of a thread, in scopes, in headers, and for whoever waits. Nothing here depends on how long anything takes: deadlines are over, days
// away, or waited for.
#include <seki/deadline.hpp>

#include <concepts>
#include <stdexcept>
#include <thread>
#include <vector>

#include "client_fixture.hpp"
#include "primitives/clock.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

using std::chrono::nanoseconds;
using Deadlines = ClientTest;

static_assert(!std::movable<Deadline> && !std::copyable<Deadline>, "a scope stays where it is");

Deadline::time_point clock_now() {
    return Deadline::time_point{nanoseconds{static_cast<nanoseconds::rep>(primitives::read_clock(Clock::precise))}};
}

// Fails if a thread without a deadline has one.
TEST_F(Deadlines, AreNoneAtFirst) {
    EXPECT_EQ(Deadline::current(), Deadline::none);
    EXPECT_EQ(Deadline::remaining(), never);
    EXPECT_FALSE(Deadline::exceeded());
    EXPECT_TRUE(Deadline::check());
}

// Fails if an inner scope can make more time than there is, or the outer one does not come back as it was.
TEST_F(Deadlines, TheTighterWinsAndTheOuterComesBack) {
    const auto before = clock_now();
    const Deadline outer{1h};
    const auto its = Deadline::current();
    EXPECT_GE(its, before + 1h);
    EXPECT_LE(its, clock_now() + 1h);
    EXPECT_GT(Deadline::remaining(), 30min);
    EXPECT_LE(Deadline::remaining(), 1h);
    {
        const Deadline longer{2h};
        EXPECT_EQ(Deadline::current(), its);
        const Deadline tighter{1min};
        EXPECT_LE(Deadline::remaining(), 1min);
        {
            const Deadline over{0ns};
            EXPECT_TRUE(Deadline::exceeded());
            EXPECT_EQ(Deadline::remaining(), 0ns);
        }
        EXPECT_FALSE(Deadline::exceeded());
        EXPECT_GT(Deadline::remaining(), 0ns);
    }
    EXPECT_EQ(Deadline::current(), its);
}

// Fails if a time that has no sense as one becomes another: one in the past, one that cannot be counted.
TEST_F(Deadlines, TheEndsOfTimeAreNoTrap) {
    for (const nanoseconds past : {0ns, -1ns, nanoseconds{-24h}, nanoseconds::min()}) {
        const Deadline over{past};
        EXPECT_TRUE(Deadline::exceeded()) << past.count();
        const auto fine = Deadline::check();
        ASSERT_FALSE(fine);
        EXPECT_EQ(fine.error().code, Errc::deadline_exceeded);
        EXPECT_FALSE(fine.error().message.empty());
    }
    for (const nanoseconds far : {never, never - 1ns, nanoseconds::max() / 2 + nanoseconds::max() / 2}) {
        const Deadline limit{far};
        EXPECT_EQ(Deadline::current(), Deadline::none) << far.count();
        EXPECT_EQ(Deadline::remaining(), never) << far.count();
        EXPECT_FALSE(Deadline::exceeded());
    }
    for (const auto past : {Deadline::time_point{}, Deadline::time_point::min(), clock_now()}) {
        const Deadline over{past};
        EXPECT_TRUE(Deadline::exceeded());
    }
    const Deadline limit{Deadline::none};
    EXPECT_EQ(Deadline::current(), Deadline::none);
}

// Fails if a deadline leaks into another thread, or does not get there when it is handed over.
TEST_F(Deadlines, AnotherThreadHasItOnlyWhenItIsHandedOver) {
    const Deadline mine{1h};
    const auto at = Deadline::current();
    std::jthread{[at] {
        EXPECT_EQ(Deadline::current(), Deadline::none);
        {
            const Deadline same{at};
            EXPECT_EQ(Deadline::current(), at);
            const Deadline over{0ns};
        }
        EXPECT_EQ(Deadline::current(), Deadline::none);
    }}.join();
    EXPECT_EQ(Deadline::current(), at);
}

// Fails if run() calls when there is no time, loses what the function answers, or leaves its deadline behind.
TEST_F(Deadlines, RunCallsUnderADeadline) {
    const auto left = Deadline::run(1h, [] { return Deadline::remaining(); });
    ASSERT_TRUE(left);
    EXPECT_LE(*left, 1h);
    EXPECT_EQ(Deadline::current(), Deadline::none);
    EXPECT_TRUE(Deadline::run(1h, [] {}));

    bool called = false;
    for (const nanoseconds in : {0ns, -1ns}) {
        const auto refused = Deadline::run(in, [&] { called = true; });
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code(), Errc::deadline_exceeded);
    }
    {
        const Deadline over{0ns};
        EXPECT_FALSE(Deadline::run(1h, [&] { called = true; }));
    }
    EXPECT_FALSE(called);

    const auto failed = Deadline::run(1h, []() -> std::expected<int, std::string> { return std::unexpected("own"); });
    ASSERT_FALSE(failed);
    EXPECT_FALSE(failed.error().refused());
    EXPECT_EQ(*failed.error().own(), "own");
    EXPECT_THROW((void)Deadline::run(1h, [] { throw std::runtime_error{"its"}; }), std::runtime_error);
    EXPECT_EQ(Deadline::current(), Deadline::none);
}

// Fails if an answer is thrown away because it came late: it was paid for.
TEST_F(Deadlines, AnAnswerThatComesLateIsPassedOn) {
    const auto late = Deadline::run(1ms, [] {
        while (!Deadline::exceeded()) std::this_thread::yield();
        return 7;
    });
    ASSERT_TRUE(late);
    EXPECT_EQ(*late, 7);
}

// Fails if who waits for a permit waits past the deadline (a day, and the test runs into its limit), gives up before it, or is told another reason.
TEST_F(Deadlines, ABulkheadIsNotWaitedForPastIt) {
    const Segment segment = opened();
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 1, .max_wait = 24h}));
    Permit held = must(database.acquire());
    const auto why = [](const auto& answer) { return answer ? Errc::none : answer.error().code; };
    {
        const Deadline soon{1ms};
        const auto refused = database.acquire();
        EXPECT_EQ(why(refused), Errc::deadline_exceeded);
        EXPECT_TRUE(Deadline::exceeded()) << "it gave up before the deadline";
        EXPECT_NE(refused.error().message.find("deadline"), std::string::npos);
        EXPECT_EQ(why(database.acquire(1h)), Errc::deadline_exceeded);
        EXPECT_EQ(database.call([] {}).error().code(), Errc::deadline_exceeded);
        EXPECT_EQ(why(database.try_acquire()), Errc::bulkhead_full) << "it does not wait";
        EXPECT_EQ(why(database.acquire(0ns)), Errc::bulkhead_full) << "it does not wait";
    }
    {
        const Deadline later{1h};
        EXPECT_EQ(why(database.acquire(1ms)), Errc::timeout);
    }
    EXPECT_EQ(must(database.status()).rejected, 6U);
    EXPECT_EQ(must(database.status()).waiting, 0U);
    held = {};
    const Deadline over{0ns};
    EXPECT_TRUE(database.acquire()) << "nobody waited";
}

// Fails if who waits to be let in by a limit that moves waits past the deadline (a day), or is told another reason.
TEST_F(Deadlines, AnAdaptiveLimitIsNotWaitedForPastIt) {
    const Segment segment = opened();
    const Adaptive backend = must(segment.adaptive(
        "backend", {.min_limit = 1, .max_limit = 1, .initial_limit = 1, .max_wait = 24h, .max_waiting = 1}));
    const AdaptivePermit held = must(backend.acquire());
    {
        const Deadline soon{1ms};
        const auto refused = backend.acquire();
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Errc::deadline_exceeded);
        EXPECT_TRUE(Deadline::exceeded()) << "it gave up before the deadline";
        EXPECT_NE(refused.error().message.find("deadline"), std::string::npos);
        EXPECT_EQ(backend.call([] {}).error().code(), Errc::deadline_exceeded);
    }
    const Deadline later{1h};
    EXPECT_EQ(backend.acquire(1ms).error().code, Errc::timeout);
    EXPECT_EQ(must(backend.status()).waiting, 0U);
}

// Fails if a policy's own deadline does not end what its parts wait for (a day, for a permit or between two attempts), or outlasts the call.
TEST_F(Deadlines, APolicysDeadlineEndsWhatItsPartsWaitFor) {
    const Segment segment = opened();
    const Bulkhead full = must(segment.bulkhead("full", {.max_concurrent = 1, .max_wait = 24h}));
    const Adaptive limit = must(segment.adaptive(
        "limit", {.min_limit = 1, .max_limit = 1, .initial_limit = 1, .max_wait = 24h, .max_waiting = 1}));
    const Retry patient = must(segment.retry("patient", {.jitter = Jitter::none, .base_delay = 24h, .max_delay = 24h}));
    const Permit held = must(full.acquire());
    const AdaptivePermit let_in = must(limit.acquire());
    int calls = 0;
    const auto why = [&calls](const PolicyParts& parts) {
        const auto answer =
            Policy{parts}.execute([&]() -> std::expected<void, int> { return ++calls, std::unexpected(1); });
        return answer ? Errc::none : answer.error().code();
    };
    EXPECT_EQ(why({.deadline = 1ms, .bulkhead = full}), Errc::deadline_exceeded);
    EXPECT_EQ(why({.deadline = 1ms, .adaptive = limit}), Errc::deadline_exceeded);
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(why({.deadline = 1h, .retry = patient}), Errc::deadline_exceeded);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(Deadline::current(), Deadline::none);
}

// Fails if a turn is waited for past the deadline (it would sleep for hours), is taken without being waited for, or is denied for the deadline's
// sake when the timeout denies it too.
TEST_F(Deadlines, ATurnIsNotWaitedForPastIt) {
    const Segment segment = opened();
    for (const Algorithm algorithm : {Algorithm::leaky_bucket, Algorithm::gcra, Algorithm::token_bucket}) {
        const std::string name = "a" + std::to_string(static_cast<int>(algorithm));
        const std::uint64_t burst = algorithm == Algorithm::leaky_bucket ? 3 : 1;
        const Limiter api = must(segment.limiter(
            name, {.algorithm = algorithm, .limit = 24, .window = 24h, .burst = burst, .max_keys = 64}));
        ASSERT_TRUE(api.acquire("alice", 3h).allowed);
        const std::uint64_t left = api.peek("alice", 0).remaining;
        const Deadline soon{30min};
        const Decision denied = api.acquire("alice", 3h);
        EXPECT_FALSE(denied.allowed);
        EXPECT_EQ(denied.error, Errc::deadline_exceeded);
        EXPECT_GT(denied.retry_after, 0ns);
        EXPECT_NE(api.explain(denied.error).message.find("deadline"), std::string::npos);
        EXPECT_EQ(api.peek("alice", 0).remaining, left) << "it took the turn";
        EXPECT_EQ(api.acquire("alice", 1min).error, Errc::none) << "too late for the timeout as well";
        EXPECT_EQ(api.acquire("alice", 0ns).error, Errc::none);
        EXPECT_EQ(counted(segment, name)[layout::count_deny], 3U);
        const Deadline over{0ns};
        EXPECT_EQ(api.acquire("alice", 3h).error, Errc::deadline_exceeded);
        EXPECT_TRUE(api.acquire("bob", 3h).allowed) << "nobody waits";
    }
}

// Fails if a limiter with a deadline sleeps when it has not come yet, but the turn comes before it.
TEST_F(Deadlines, ATurnThatComesBeforeItIsWaitedFor) {
    const Segment segment = opened();
    const Limiter api = must(segment.limiter("api", {.limit = 1000, .window = 1s, .burst = 1, .max_keys = 64}));
    const Deadline late{1h};
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(api.acquire("alice", never).allowed);
}

}  // namespace
}  // namespace seki::test
