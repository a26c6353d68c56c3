// Breakers as a user's program uses them: what calls answer, what counts, and who may say so.
#include <algorithm>
#include <cstddef>
#include <expected>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <seki/telemetry.hpp>

#include "client_fixture.hpp"
#include "primitives/clock.hpp"

namespace seki::test {
namespace {

using status = BreakerStatus;

class BreakerCalls : public ClientTest {
protected:
    Segment segment = opened();
    // Two bad outcomes of two open it, and it stays so.
    [[nodiscard]] static BreakerOptions touchy() {
        return {.window_size = 10, .minimum_calls = 2, .wait_duration = 24h, .half_open_requests = 2};
    }
    [[nodiscard]] Breaker made(const BreakerOptions& options = touchy()) const {
        return must(segment.breaker("it", options));
    }
    [[nodiscard]] static status now(const Breaker& of) { return must(of.status()); }
    static void trip(const Breaker& breaker) {
        while (now(breaker).state == BreakerState::closed) (void)breaker.call([] {}, [] { return Outcome::error; });
    }
    // Past a wait of a millisecond.
    static void let_a_probe_in(const Breaker& breaker) {
        while (now(breaker).retry_after != 0ns) std::this_thread::yield();
    }
};

// Fails if a kind of return value is lost, copied where it can only be moved, or of another type.
TEST_F(BreakerCalls, AnswerWhatTheFunctionReturns) {
    const Breaker breaker = made();
    EXPECT_EQ(breaker.call([] { return 7; }).value(), 7);
    EXPECT_EQ(*breaker.call([] { return std::string{"seven"}; }), "seven");
    EXPECT_EQ(**breaker.call([] { return std::make_unique<int>(7); }), 7);
    EXPECT_TRUE(breaker.call([] {}).has_value());
    int there = 0;
    breaker.call([&]() -> int& { return there; })->get() = 7;
    EXPECT_EQ(there, 7);
    const auto owned = std::make_unique<int>(7);
    EXPECT_EQ(&breaker.call([&]() -> const std::unique_ptr<int>& { return owned; })->get(), &owned);
    static_assert(std::is_base_of_v<std::expected<int, CallError<>>, decltype(breaker.call([] { return 7; }))>);
    EXPECT_EQ(now(breaker).calls, 6U);
}

// Fails if an error that a function answers counts as ok, or cannot be told from a refusal.
TEST_F(BreakerCalls, AFunctionsOwnErrorCountsAndIsToldFromARefusal) {
    const Breaker breaker = made();
    const auto fails = []() -> std::expected<int, std::string> { return std::unexpected{"no card"}; };
    for (int i = 0; i < 2; ++i) {
        const auto failed = breaker.call(fails);
        ASSERT_FALSE(failed);
        EXPECT_FALSE(failed.error().refused());
        EXPECT_EQ(failed.error().code(), Errc::call_failed);
        ASSERT_NE(failed.error().own(), nullptr);
        EXPECT_EQ(*failed.error().own(), "no card");
    }
    const auto refused = breaker.call(fails);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().refused());
    EXPECT_EQ(refused.error().code(), Errc::circuit_open);
    EXPECT_EQ(refused.error().own(), nullptr);
    EXPECT_GT(refused.error().retry_after(), 23h);
    EXPECT_LE(refused.error().retry_after(), 24h);
    EXPECT_FALSE(breaker.call([]() -> std::expected<void, int> { return {}; }).has_value())
        << "and for functions of all kinds";
}

// Fails if the function of a refused call is called.
TEST_F(BreakerCalls, WhatIsRefusedIsNotCalled) {
    const Breaker breaker = made();
    trip(breaker);
    bool called = false;
    EXPECT_EQ(breaker.call([&] { called = true; }).error().code(), Errc::circuit_open);
    EXPECT_FALSE(called);
    EXPECT_EQ(breaker.explain(Errc::circuit_open).message,
              "breaker \"it\": it lets no calls through now: too many of the last ones failed or were slow");
}

// Fails if an exception is swallowed, changed, or does not count.
TEST_F(BreakerCalls, AnExceptionPassesThroughAndCounts) {
    const Breaker breaker = made();
    const auto throws = []() -> int { throw std::out_of_range("the seventh"); };
    EXPECT_THROW((void)breaker.call(throws), std::out_of_range);
    EXPECT_EQ(now(breaker).errors, 1U);
    EXPECT_THROW((void)breaker.call(throws), std::out_of_range);
    EXPECT_EQ(now(breaker).state, BreakerState::open);
}

// Fails if what a classifier says is not what counts.
TEST_F(BreakerCalls, AClassifierJudges) {
    const Breaker breaker = made({.window_size = 100, .minimum_calls = 100});
    const auto judged = [&](Outcome outcome) {
        EXPECT_EQ(breaker.call([] { return 404; }, [&](int) { return outcome; }).value(), 404);
    };
    for (const Outcome each : {Outcome::ok, Outcome::error, Outcome::error, Outcome::slow, Outcome::ignore})
        judged(each);
    EXPECT_EQ(now(breaker).calls, 4U);
    EXPECT_EQ(now(breaker).errors, 2U);
    EXPECT_EQ(now(breaker).slow, 1U);
    const auto fine = breaker.call(
        []() -> std::expected<int, int> { return std::unexpected{404}; },
        [](const std::expected<int, int>& result) { return result.error() == 404 ? Outcome::ok : Outcome::error; });
    EXPECT_EQ(*fine.error().own(), 404);
    EXPECT_EQ(now(breaker).errors, 2U);
}

// Fails if a classifier that throws leaves a call untold, or what it threw is lost.
TEST_F(BreakerCalls, AClassifierThatThrowsCountsAsAnError) {
    const Breaker breaker = made();
    const auto throws = [](int) -> Outcome { throw std::runtime_error("the classifier"); };
    EXPECT_THROW((void)breaker.call([] { return 1; }, throws), std::runtime_error);
    EXPECT_EQ(now(breaker).errors, 1U);
}

// Fails if an exception cannot be judged, or one in judging hides it.
TEST_F(BreakerCalls, ExceptionsAreJudgedWhereThatIsAsked) {
    const Breaker breaker = made({.window_size = 100, .minimum_calls = 100});
    const auto throws = []() -> int { throw std::out_of_range("the seventh"); };
    const auto fine = [](int) { return Outcome::ok; };
    EXPECT_THROW((void)breaker.call(throws, fine, [](const std::exception_ptr&) { return Outcome::ignore; }),
                 std::out_of_range);
    EXPECT_EQ(now(breaker).calls, 0U);
    EXPECT_THROW((void)breaker.call(throws, fine,
                                    [](const std::exception_ptr& what) -> Outcome { std::rethrow_exception(what); }),
                 std::out_of_range);
    EXPECT_THROW((void)breaker.call(throws, fine, [](const std::exception_ptr&) -> Outcome { throw 7; }),
                 std::out_of_range);
    EXPECT_EQ(now(breaker).errors, 2U);
    EXPECT_EQ(*breaker.call([] { return 7; }, fine, [](const std::exception_ptr&) { return Outcome::ok; }), 7);
    EXPECT_EQ(now(breaker).calls, 3U);
}

// Fails if time is not looked at, or an error that took long is a slow call.
TEST_F(BreakerCalls, ACallThatTakesLongIsSlow) {
    const Breaker breaker = made({.window_size = 100, .minimum_calls = 100, .slow_call_duration = 1ms});
    const auto take_long = [] {
        const auto start = std::chrono::steady_clock::now();
        while (std::chrono::steady_clock::now() - start < 1ms) {
        }
    };
    (void)breaker.call(take_long);
    (void)breaker.call(take_long, [] { return Outcome::error; });
    EXPECT_EQ(now(breaker).slow, 1U);
    EXPECT_EQ(now(breaker).errors, 1U);
}

// Fails if a fallback is not asked, is asked needlessly, or the types do not fit what reads well.
TEST_F(BreakerCalls, AFallbackAnswersInsteadOfAnError) {
    const Breaker breaker = made();
    EXPECT_EQ(breaker.call([] { return 7; }).or_else([] { return 8; }), 7);
    trip(breaker);
    EXPECT_EQ(breaker.call([] { return 7; }).or_else([] { return 8; }), 8);
    EXPECT_EQ(breaker.call([] { return std::string{"page"}; }).or_else([] { return "cached"; }), "cached");
    const std::unique_ptr<int> other_one =
        breaker.call([] { return std::make_unique<int>(7); }).or_else([](const CallError<>& why) {
            return std::make_unique<int>(why.retry_after() > 0ns ? 9 : 0);
        });
    EXPECT_EQ(*other_one, 9);
    bool asked = false;
    breaker.call([] {}).or_else([&] { asked = true; });
    EXPECT_TRUE(asked);
    const std::expected<int, std::string> tried =
        breaker.call([] { return 7; }).or_else([](CallError<> why) -> std::expected<int, std::string> {
            return std::unexpected{std::string{to_string(why.code())}};
        });
    EXPECT_EQ(tried.error(), "circuit_open");
    const Breaker other = must(segment.breaker("other", touchy()));
    EXPECT_EQ(breaker.call([] { return 7; }).or_else([&] { return other.call([] { return 8; }); }).value(), 8);
}

// Fails if who nests calls has to unpack errors of errors.
TEST_F(BreakerCalls, NestedCallsHaveOneVocabulary) {
    const Breaker breaker = made(), outer = must(segment.breaker("outer", touchy()));
    trip(breaker);
    const auto nested = outer.call([&] { return breaker.call([]() -> std::expected<int, std::string> { return 1; }); });
    static_assert(std::is_same_v<decltype(nested), const CallResult<int, std::string>>);
    EXPECT_EQ(nested.error().code(), Errc::circuit_open);
    EXPECT_EQ(now(outer).calls, 0U) << "the backend was not asked";
    const auto refused =
        outer.call([]() -> std::expected<int, Refusal> { return std::unexpected{Refusal{Errc::busy}}; });
    EXPECT_EQ(refused.error().code(), Errc::busy);
}

// Fails if an admission counts other than what it is told, twice, when it is told nothing, or by another time than the one that is told.
TEST_F(BreakerCalls, AnAdmissionIsToldOnce) {
    const Breaker breaker = made({.window_size = 100, .minimum_calls = 100});
    Admission first = breaker.admit();
    ASSERT_TRUE(first);
    first.error();
    EXPECT_FALSE(first);
    first.error();
    Admission moved = breaker.admit();
    Admission second = std::move(moved);
    second.ok();
    {
        const Admission untold = breaker.admit();
    }
    breaker.admit().ignore();
    breaker.admit().tell(Outcome::slow);
    breaker.admit().tell(Outcome::ok, 1s);
    breaker.admit().tell(Outcome::ok, 3s);
    EXPECT_EQ(now(breaker).calls, 5U);
    EXPECT_EQ(now(breaker).errors, 1U);
    EXPECT_EQ(now(breaker).slow, 2U);
    EXPECT_FALSE(Admission{});
}

// Fails if an admission needs the handle that it came from, or has no reason for a refusal.
TEST_F(BreakerCalls, AnAdmissionOutlivesItsHandles) {
    const Breaker watching = made();
    Admission last;
    {
        const Segment again = opened();
        last = must(again.breaker("it")).admit();
    }
    last.error();
    EXPECT_EQ(now(watching).errors, 1U);
    trip(watching);
    const Admission refused = watching.admit();
    EXPECT_FALSE(refused);
    EXPECT_EQ(refused.refusal().code, Errc::circuit_open);
    EXPECT_GT(refused.refusal().retry_after, 23h);
}

// Fails if a call counts as longer than its caller says: as slow, though it stayed below, by what went by while it told of it.
TEST_F(BreakerCalls, WhatTheCallerMeasuredCountsToTheNanosecond) {
    const Breaker breaker = made({.window_size = 10, .minimum_calls = 10, .slow_call_duration = 1s});
    for (int i = 0; i < 10; ++i) breaker.admit().tell(Outcome::ok, 1s - 1ns);
    EXPECT_EQ(now(breaker).calls, 10U);
    EXPECT_EQ(now(breaker).slow, 0U);
    for (int i = 0; i < 3; ++i) breaker.admit().tell(Outcome::ok, 1s);
    EXPECT_EQ(now(breaker).slow, 3U);
    breaker.admit().tell(Outcome::ok, -1s);
    EXPECT_EQ(now(breaker).slow, 3U);
}

// Fails if refusing writes to anything that others read: the breaker's word, windows, places, durations or counts of transitions.
TEST_F(BreakerCalls, ARefusalWritesToNothingOfTheBreaker) {
    const Breaker breaker = made();
    trip(breaker);
    const shm::segment& where = segment.handle()->where();
    const shm::placement at = *shm::directory{where}.find(layout::kind::breaker, "it");
    const auto piece = where.arena(at.arena_offset, at.arena_size);
    const std::vector<std::byte> before{piece.begin(), piece.end()};
    for (int i = 0; i < 1'000; ++i) ASSERT_FALSE(breaker.admit());
    EXPECT_TRUE(std::ranges::equal(before, piece));
    EXPECT_EQ(shm::sum(where, at.index, at.incarnation)[layout::count_call_rejected], 1'000U);
}

// Fails if more probes are let in than there are places, one does not decide, or a place is lost by one that was told nothing.
TEST_F(BreakerCalls, ProbesCloseItAgain) {
    BreakerOptions quick = touchy();
    quick.wait_duration = 1ms;
    const Breaker breaker = made(quick);
    trip(breaker);
    let_a_probe_in(breaker);
    Admission first = breaker.admit();
    {
        const Admission untold = breaker.admit();
        ASSERT_TRUE(first && untold);
        EXPECT_FALSE(breaker.admit());
        EXPECT_EQ(now(breaker).probes, 2U);
    }
    EXPECT_EQ(now(breaker).state, BreakerState::half_open);
    EXPECT_EQ(*breaker.call([] { return 7; }), 7);
    EXPECT_EQ(now(breaker).probes_ok, 1U);
    first.ok();
    EXPECT_EQ(now(breaker).state, BreakerState::closed);
    EXPECT_EQ(now(breaker).calls, 0U);
    trip(breaker);
    let_a_probe_in(breaker);
    (void)breaker.call([] {}, [] { return Outcome::slow; });
    EXPECT_EQ(now(breaker).state, BreakerState::open);
    EXPECT_EQ(now(breaker).reopened, 1U);
}

// Fails if an operator's word does not hold, or cannot be taken back.
TEST_F(BreakerCalls, AnOperatorHasTheLastWord) {
    const Breaker breaker = made();
    EXPECT_EQ(breaker.open(), Errc::none);
    EXPECT_EQ(breaker.call([] {}).error().retry_after(), never);
    EXPECT_EQ(breaker.close(), Errc::none);
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(breaker.call([] {}, [] { return Outcome::error; }));
    EXPECT_EQ(now(breaker).calls, 0U);
    EXPECT_EQ(breaker.observe(), Errc::none);
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(breaker.call([] {}, [] { return Outcome::error; }));
    EXPECT_EQ(now(breaker).errors, 10U);
    EXPECT_EQ(breaker.automatic(), Errc::none);
    EXPECT_EQ(*breaker.state(), BreakerState::closed);
    EXPECT_EQ(now(breaker).calls, 0U);
    trip(breaker);
    EXPECT_EQ(breaker.reset(), Errc::none);
    EXPECT_EQ(*breaker.state(), BreakerState::closed);
}

// Fails if a change waits for an error, keeps what was counted for another window, or takes back what an operator said.
TEST_F(BreakerCalls, OptionsChangeWhileItRuns) {
    BreakerOptions options{.window_size = 10, .minimum_calls = 10, .wait_duration = 24h};
    const Breaker breaker = made(options);
    for (int i = 0; i < 4; ++i) (void)breaker.call([] {}, [] { return Outcome::error; });
    options.minimum_calls = 4;
    ASSERT_TRUE(segment.change("it", options));
    EXPECT_EQ(*breaker.state(), BreakerState::open) << "the window asks for it now";
    EXPECT_EQ(must(breaker.options()), options);

    options.minimum_calls = 10;
    ASSERT_TRUE(segment.change("it", options));
    ASSERT_EQ(breaker.reset(), Errc::none);
    (void)breaker.call([] {}, [] { return Outcome::error; });
    options.window_type = WindowType::time;
    options.window_size = 1h;
    ASSERT_TRUE(segment.change("it", options));
    EXPECT_EQ(now(breaker).calls, 0U);
    (void)breaker.call([] {});
    EXPECT_EQ(now(breaker).calls, 1U);
    options.window_size = 2h;
    ASSERT_TRUE(segment.change("it", options));
    EXPECT_EQ(now(breaker).calls, 0U);

    ASSERT_EQ(breaker.open(), Errc::none);
    options.failure_threshold = 60;
    ASSERT_TRUE(segment.change("it", options));
    EXPECT_EQ(*breaker.state(), BreakerState::forced_open);
    options.mode = BreakerMode::observe;
    ASSERT_TRUE(segment.change("it", options));
    EXPECT_EQ(*breaker.state(), BreakerState::observe);
    options.mode = BreakerMode::automatic;
    ASSERT_TRUE(segment.change("it", options));
    EXPECT_EQ(*breaker.state(), BreakerState::closed);
}

// Fails if a breaker can be changed beyond the memory it has, or the words do not say how far.
TEST_F(BreakerCalls, WhatThereIsNoRoomForIsRefused) {
    const Breaker breaker = made({});
    BreakerOptions larger{.window_size = 240, .half_open_requests = 20};
    EXPECT_TRUE(segment.change("it", larger));
    larger.window_size = 500;
    EXPECT_EQ(
        segment.change("it", larger).error().message,
        "breaker \"it\": window_size 500 is more than was made room for at its creation: at most 240, or delete the "
        "breaker and create it anew");
    larger = {.half_open_requests = 21};
    EXPECT_EQ(
        segment.change("it", larger).error().message,
        "breaker \"it\": half_open_requests 21 is more than was made room for at its creation: at most 20, or delete "
        "the breaker and create it anew");
}

// Fails if a large breaker has the memory of a small one.
TEST_F(BreakerCalls, ThereIsRoomForTheWindowThatWasAskedFor) {
    BreakerOptions options{.window_size = 1'000, .minimum_calls = 1'000};
    const Breaker breaker = made(options);
    for (int i = 0; i < 1'001; ++i) (void)breaker.call([] {});
    EXPECT_EQ(now(breaker).calls, 1'000U);
    options.minimum_calls = 999;
    EXPECT_TRUE(segment.change("it", options));
}

// Fails if a breaker that lets calls in says that they have to wait, or one is said to have been so for another time than it has.
TEST_F(BreakerCalls, SaysForHowLongItHasBeenSo) {
    const std::uint64_t before = primitives::read_clock(Clock::precise);
    const Breaker breaker = made();
    const std::uint64_t begun = primitives::read_clock(Clock::precise);
    while (primitives::read_clock(Clock::precise) < begun + 1'000'000) continue;
    const std::uint64_t asked = primitives::read_clock(Clock::precise);
    const status seen = now(breaker);
    EXPECT_EQ(seen.retry_after, 0ns);
    EXPECT_GE(static_cast<std::uint64_t>(seen.for_duration.count()), asked - begun);
    EXPECT_LE(static_cast<std::uint64_t>(seen.for_duration.count()), primitives::read_clock(Clock::precise) - before);
}

// Fails if a name that is not there, options that differ, or a mistake is answered with anything but a clear error.
TEST_F(BreakerCalls, MistakesAreClear) {
    const Breaker breaker = made();
    EXPECT_EQ(segment.breaker("that").error().message,
              "breaker \"that\": segment " + path() + " has none of that name: it has it");
    EXPECT_EQ(segment.breaker("it", {}).error().code, Errc::different_options);
    EXPECT_EQ(segment.breaker("new", {.failure_threshold = 0}).error().message,
              "breaker \"new\": failure_threshold 0 is too small: 1 to 100 %");
    EXPECT_TRUE(segment.limiter("it", six_a_year())) << "names belong to their kind";
}

// Fails if a handle goes on working on memory that is not its breaker's any more.
TEST_F(BreakerCalls, ADeletedBreakerRefuses) {
    const Breaker breaker = made();
    Admission before = breaker.admit();
    ASSERT_TRUE(segment.remove_breaker("it"));
    EXPECT_EQ(breaker.call([] {}).error().code(), Errc::deleted);
    EXPECT_EQ(breaker.status().error().message,
              "breaker \"it\": it was deleted: ask the segment for it again, or stop using it");
    EXPECT_EQ(breaker.open(), Errc::deleted);
    const Breaker tripped = must(segment.breaker("tripped", touchy()));
    trip(tripped);
    ASSERT_TRUE(segment.remove_breaker("tripped"));
    EXPECT_EQ(tripped.call([] {}).error().code(), Errc::deleted) << "whatever its word says still";
    const Breaker next = made();
    before.error();
    EXPECT_EQ(now(next).calls, 0U);
}

// Fails if who may only read writes, or cannot see.
TEST_F(BreakerCalls, WhoMayOnlyReadSees) {
    trip(made());
    const Segment only_read = opened(Access::read_only);
    const Breaker seen = must(only_read.breaker("it"));
    EXPECT_EQ(*seen.state(), BreakerState::open);
    EXPECT_EQ(seen.call([] {}).error().code(), Errc::read_only);
    ASSERT_TRUE(segment.breaker("closed", touchy()));
    EXPECT_EQ(must(only_read.breaker("closed")).call([] {}).error().code(), Errc::read_only);
    EXPECT_EQ(seen.reset(), Errc::read_only);
    EXPECT_FALSE(only_read.change("it", touchy()));
}

// Fails if a breaker stays with a segment that was replaced.
TEST_F(BreakerCalls, MoveOverWhenTheSegmentIsReplaced) {
    const Breaker breaker = made();
    trip(breaker);
    ASSERT_TRUE(shm::segment::destroy(path()));
    const Segment next = opened();
    while (!breaker.call([] {})) std::this_thread::yield();
    EXPECT_EQ(now(must(next.breaker("it"))).calls, 1U);
}

// Fails if threads of one process lose outcomes.
TEST_F(BreakerCalls, ThreadsShareIt) {
    const Breaker breaker = made({.window_type = WindowType::time, .window_size = 24h, .failure_threshold = 100});
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] {
                for (int n = 0; n < 1'000; ++n) (void)breaker.call([n] { return n; });
            });
    }
    EXPECT_EQ(now(breaker).calls, 4'000U);
}

// Fails if a mode that is set by a change of options is not the state of the breaker at once, or the next one is not after it.
TEST_F(BreakerCalls, AModeThatIsSetIsTheStateAtOnce) {
    const Breaker it = must(segment.breaker("it", {.minimum_calls = 1}));
    int told = 0;
    const auto kept = must(telemetry::attach("seki.breaker.call", [&](const telemetry::Event& event) {
        ++told;
        EXPECT_GT(event.time.count(), 0);
    }));
    for (const auto& [mode, state] : {std::pair{BreakerMode::forced_open, BreakerState::forced_open},
                                      {BreakerMode::forced_closed, BreakerState::forced_closed},
                                      {BreakerMode::forced_open, BreakerState::forced_open},
                                      {BreakerMode::automatic, BreakerState::closed}}) {
        ASSERT_TRUE(segment.change("it", BreakerOptions{.minimum_calls = 1, .mode = mode}));
        EXPECT_EQ(must(it.status()).state, state);
        EXPECT_EQ(static_cast<bool>(it.admit()), state != BreakerState::forced_open);
    }
    EXPECT_EQ(told, 4) << "two were refused, and of two nobody told the outcome";
}

}  // namespace
}  // namespace seki::test
