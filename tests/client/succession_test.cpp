// Segments that are destroyed and replaced under the hands of who uses them.
#include <thread>
#include <vector>

#include "client_fixture.hpp"
#include "shm/memory.hpp"

namespace seki::test {
namespace {

class Succession : public ClientTest {
protected:
    void destroy() const {
        const auto gone = shm::segment::destroy(path());
        ASSERT_TRUE(gone) << gone.error().message;
    }
    // The file system is looked at every few milliseconds, so it may take a few calls. A hang is what the limit of the test is for.
    static Decision after_the_move(const Limiter& limiter, std::string_view key) {
        for (;;) {
            const Decision decision = limiter.peek(key, 0);
            if (decision.error != Errc::superseded) return decision;
            std::this_thread::yield();
        }
    }
};

// Fails if a handle goes on spending from a segment that nobody else sees, or tells nobody.
TEST_F(Succession, WithoutASuccessorEveryCallSaysSuperseded) {
    const Segment segment = opened();
    const Limiter login = must(segment.limiter("login", six_a_year()));
    destroy();
    EXPECT_EQ(login.check("alice").error, Errc::superseded);
    EXPECT_FALSE(login.check("alice").allowed);
    EXPECT_EQ(login.peek("alice").error, Errc::superseded);
    EXPECT_EQ(login.acquire("alice", 1h).error, Errc::superseded);
    EXPECT_EQ(login.reset("alice"), Errc::superseded);
    EXPECT_EQ(login.refund("alice"), Errc::superseded);
    EXPECT_EQ(login.options().error().code, Errc::superseded);
    EXPECT_NE(login.explain(Errc::superseded).message.find("sekid"), std::string::npos);
    const std::vector<Demand> one{{login, "alice"}};
    EXPECT_EQ(check_all(one).error, Errc::superseded);
    EXPECT_FALSE(std::filesystem::exists(path()));
}

// Fails if a change or a removal is made in a segment that nobody uses any more, and called done.
TEST_F(Succession, AdministrationOfADestroyedSegmentIsRefused) {
    const Segment segment = opened();
    ASSERT_TRUE(segment.limiter("login", six_a_year()));
    destroy();
    EXPECT_EQ(segment.change("login", six_a_year()).error().code, Errc::superseded);
    EXPECT_EQ(segment.remove_limiter("login").error().code, Errc::superseded);
    EXPECT_EQ(segment.limiter("login").error().code, Errc::superseded);
    EXPECT_EQ(segment.limiter("login", six_a_year()).error().code, Errc::superseded);
    EXPECT_EQ(segment.maintain().error().code, Errc::superseded);
    EXPECT_FALSE(std::filesystem::exists(path())) << "made anew, though somebody destroyed it on purpose";

    const Segment next = opened();
    EXPECT_TRUE(segment.maintain());
    ASSERT_TRUE(next.limiter("login", six_a_year()));
    LimiterOptions changed = six_a_year();
    changed.limit = 9;
    ASSERT_TRUE(segment.change("login", changed));
    EXPECT_EQ(*must(next.limiter("login")).options(), changed);
    ASSERT_TRUE(segment.remove_limiter("login"));
    EXPECT_EQ(next.limiter("login").error().code, Errc::not_found);
}

// Fails if a handle stays behind, or what code made has to be made again by hand.
TEST_F(Succession, HandlesMoveOverToTheNextSegment) {
    const Segment segment = opened();
    const Limiter made = must(segment.limiter("made", six_a_year()));
    ASSERT_TRUE(segment.limiter("named", six_a_year()));
    const Limiter by_name = must(segment.limiter("named"));
    ASSERT_TRUE(made.check("alice", 6).allowed);
    destroy();
    EXPECT_EQ(made.check("alice").error, Errc::superseded);
    const Segment next = opened();
    EXPECT_EQ(after_the_move(made, "alice").remaining, 6U);
    EXPECT_TRUE(made.check("alice", 6).allowed);
    EXPECT_FALSE(next.limiter("made")->check("alice").allowed);

    // Nobody made it there yet. A handle by name does not know how.
    EXPECT_EQ(by_name.check("alice").error, Errc::superseded);
    const Limiter again = must(next.limiter("named", {.limit = 3, .window = 1h, .max_keys = 64}));
    EXPECT_EQ(after_the_move(by_name, "alice").limit, 3U);
    EXPECT_TRUE(by_name.check("alice", 3).allowed);
    EXPECT_FALSE(again.check("alice").allowed);
}

// Fails if a worker that began with options which were changed later is left without its limiter, when sekid makes it anew with the changed ones.
TEST_F(Succession, WhatWasChangedSinceIsNoReasonToStayBehind) {
    const Segment segment = opened();
    const Limiter login = must(segment.limiter("login", six_a_year()));
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 2}));
    const Adaptive search = must(segment.adaptive("search", {.min_limit = 2, .max_limit = 5, .initial_limit = 2}));
    LimiterOptions changed = six_a_year();
    changed.limit = 8;
    destroy();
    const Segment next = opened();
    ASSERT_TRUE(next.limiter("login", changed));
    ASSERT_TRUE(next.bulkhead("database", {.max_concurrent = 3}));
    ASSERT_TRUE(next.adaptive("search", {.min_limit = 3, .max_limit = 5, .initial_limit = 3}));
    EXPECT_EQ(after_the_move(login, "alice").limit, 8U);
    EXPECT_EQ(must(login.options()).limit, 8U);
    EXPECT_TRUE(database.try_acquire());
    EXPECT_EQ(must(database.options()).max_concurrent, 3U);
    EXPECT_TRUE(search.try_acquire());
    EXPECT_EQ(must(search.options()).min_limit, 3U);
}

// Fails if who only looks, and never calls, is told for ever that what it looks at was replaced. Each question has a handle of its own: none is
// taken along by another.
TEST_F(Succession, WhoOnlyLooksMovesOverToo) {
    const auto make = [](const Segment& in, std::uint64_t size) {
        EXPECT_TRUE(in.limiter("it", {.limit = size, .window = 1h, .max_keys = 64}));
        EXPECT_TRUE(in.breaker("it", {.window_size = size}));
        EXPECT_TRUE(in.bulkhead("it", {.max_concurrent = size}));
        EXPECT_TRUE(in.retry("it", {.max_attempts = size}));
    };
    // What the next one answers. It is looked for every few milliseconds; a hang is what the limit of the test is for.
    const auto the_next = [](auto ask) {
        auto answer = ask();
        while (!answer && answer.error().code == Errc::superseded) std::this_thread::yield(), answer = ask();
        return must(std::move(answer));
    };
    const Segment making = opened();
    make(making, 7);
    const Segment watching = opened(Access::read_only);
    const Limiter limiter = must(watching.limiter("it"));
    const Breaker status = must(watching.breaker("it")), state = must(watching.breaker("it")),
                  options = must(watching.breaker("it"));
    const Bulkhead in_use = must(watching.bulkhead("it")), changed = must(watching.bulkhead("it"));
    const Retry budget = must(watching.retry("it")), attempts = must(watching.retry("it"));
    destroy();
    EXPECT_EQ(limiter.options().error().code, Errc::superseded);
    EXPECT_EQ(status.status().error().code, Errc::superseded);
    EXPECT_EQ(state.state().error().code, Errc::superseded);
    EXPECT_EQ(options.options().error().code, Errc::superseded);
    EXPECT_EQ(in_use.status().error().code, Errc::superseded);
    EXPECT_EQ(changed.options().error().code, Errc::superseded);
    EXPECT_EQ(budget.status().error().code, Errc::superseded);
    EXPECT_EQ(attempts.options().error().code, Errc::superseded);

    const Segment next = opened();
    make(next, 9);
    ASSERT_EQ(must(next.breaker("it")).open(), Errc::none);
    const Permit held = must(must(next.bulkhead("it")).try_acquire());
    EXPECT_EQ(the_next([&] { return limiter.options(); }).limit, 9U);
    EXPECT_EQ(the_next([&] { return status.status(); }).state, BreakerState::forced_open);
    EXPECT_EQ(the_next([&] { return state.state(); }), BreakerState::forced_open);
    EXPECT_EQ(the_next([&] { return options.options(); }).window_size, WindowSize{9U});
    EXPECT_EQ(the_next([&] { return in_use.status(); }).in_use, 1U);
    EXPECT_EQ(the_next([&] { return changed.options(); }).max_concurrent, 9U);
    EXPECT_EQ(the_next([&] { return budget.status(); }).budget_left, 10U);
    EXPECT_EQ(the_next([&] { return attempts.options(); }).max_attempts, 9U);
}

// Fails if a retry does not move over with its calls, or one that is under way when its segment is replaced cannot go on.
TEST_F(Succession, ARetryMovesOverAndWhatIsUnderWayGoesOn) {
    const Segment segment = opened();
    const Retry retry = must(segment.retry("it", {.max_attempts = 2, .base_delay = 0ns, .max_delay = 0ns}));
    RetryLoop under_way = retry.begin();
    destroy();
    const Segment next = opened();
    EXPECT_TRUE(under_way.failed());
    under_way.succeeded();
    auto answer = retry.call([] { return 7; });
    while (!answer && answer.error().code() == Errc::superseded)
        std::this_thread::yield(), answer = retry.call([] { return 7; });
    EXPECT_EQ(*answer, 7);
    EXPECT_EQ(must(must(next.retry("it")).status()).calls, 1U);
}

// Fails if a handle that slept through a whole segment looks for its limiter there for ever.
TEST_F(Succession, AHandleMayMissASegment) {
    const Segment segment = opened();
    const Limiter awake = must(segment.limiter("awake", six_a_year()));
    ASSERT_TRUE(segment.limiter("asleep", six_a_year()));
    const Limiter asleep = must(segment.limiter("asleep"));
    destroy();
    {
        const Segment second = opened();
        EXPECT_EQ(after_the_move(awake, "alice").remaining, 6U);
    }
    destroy();
    const Segment third = opened();
    ASSERT_TRUE(third.limiter("asleep", {.limit = 3, .window = 1h, .max_keys = 64}));
    EXPECT_EQ(after_the_move(asleep, "alice").limit, 3U);
}

// Fails if threads that share a handle race while it moves (the thread sanitizer sees it), or a decision is lost or made twice: each segment
// counts what was admitted in it, and together they admitted what the threads saw.
TEST_F(Succession, ThreadsUseOneHandleDuringTheMove) {
    constexpr int generations = 8;
    const Segment first = opened();
    LimiterOptions plenty{.limit = 10'000'000, .window = 366 * 24h, .max_keys = 64};
    const Limiter shared = must(first.limiter("shared", plenty));
    // What is mapped now: the Segment moves on with the first thread that finds its successor.
    std::shared_ptr<const shm::attachment> current = first.handle()->attachment();
    layout::word done;
    std::vector<std::uint64_t> seen(3);
    std::uint64_t admitted = 0;
    {
        std::vector<std::jthread> threads;
        for (std::uint64_t& mine : seen)
            threads.emplace_back([&, shared] {
                while (shm::hardware::load_acquire(done) == 0) {
                    const Decision decision = shared.check("alice");
                    if (decision.allowed)
                        ++mine;
                    else
                        EXPECT_EQ(decision.error, Errc::superseded);
                    (void)shared.name();
                }
            });
        for (int generation = 0; generation < generations; ++generation) {
            while (!shared.check("bob").allowed) std::this_thread::yield();  // this one has moved
            destroy();
            const Segment next = opened();
            EXPECT_TRUE(next.limiter("shared", plenty));
            if (generation == generations - 1) {
                while (!shared.check("bob").allowed) std::this_thread::yield();
                shm::hardware::store_release(done, 1);
                threads.clear();
            }
            admitted += counted(current->where(), "shared")[layout::count_allow];
            current = next.handle()->attachment();
        }
        admitted += counted(current->where(), "shared")[layout::count_allow];
    }
    // A check that passed the look at `superseded` counts in the old segment after it was summed up: one for each thread and move.
    const std::uint64_t total = seen[0] + seen[1] + seen[2] + generations + 1;
    EXPECT_LE(admitted, total);
    EXPECT_GE(admitted + 3 * generations, total);
}

}  // namespace
}  // namespace seki::test
