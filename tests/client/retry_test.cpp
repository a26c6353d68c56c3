// Retries by their public face, in one process: what each call promises. Delays are 0, microseconds, or so long that a test which waits for one runs
// into its limit.
#include <seki/retry.hpp>

#include <algorithm>
#include <concepts>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "client_fixture.hpp"
#include "layout/retry.hpp"
#include "primitives/clock.hpp"

namespace seki::test {
namespace {

using std::chrono::nanoseconds;
using Own = std::expected<int, std::string>;

static_assert(std::movable<RetryLoop> && !std::copyable<RetryLoop>);

struct busy {
    nanoseconds retry_after{0};
};

class Retries : public ClientTest {
protected:
    [[nodiscard]] static RetryOptions at_once(std::uint64_t attempts = 3) {
        return {.max_attempts = attempts, .base_delay = 0ns, .max_delay = 0ns, .min_per_second = 1000};
    }
    // Who waited for its delay would wait for a day.
    [[nodiscard]] static RetryOptions a_day(std::uint64_t attempts = 3) {
        return {.max_attempts = attempts, .jitter = Jitter::none, .base_delay = 24h, .max_delay = 24h};
    }
    const Segment segment_ = opened();
    [[nodiscard]] Retry made(const RetryOptions& options, std::string_view name = "it") const {
        return must(segment_.retry(name, options));
    }
};

// Fails if a call that succeeds is made twice, or loses its answer, whatever kind of answer it is.
TEST_F(Retries, ASuccessIsPassedOnAndNotRepeated) {
    const Retry retry = made(at_once());
    int calls = 0;
    EXPECT_EQ(*retry.call([&] { return ++calls; }), 1);
    EXPECT_TRUE(retry.call([&] { ++calls; }));
    EXPECT_EQ(*retry.call([&]() -> Own { return ++calls; }), 3);
    int& same = retry.call([&]() -> int& { return calls; })->get();
    EXPECT_EQ(&same, &calls);
    const auto moved = retry.call([] { return std::make_unique<int>(7); });
    EXPECT_EQ(**moved, 7);
    const RetryStatus status = must(retry.status());
    EXPECT_EQ(status.calls, 5U);
    EXPECT_EQ(status.retries + status.recovered + status.exhausted + status.denied, 0U);
}

// Fails if a success, or a retry that is denied, writes a word that another worker reads or writes too: all would wait for its line.
TEST_F(Retries, ASuccessAndADenialWriteNothingButTheWorkersOwnCounts) {
    RetryOptions options = at_once(2);
    options.ratio = 0;
    options.min_per_second = 0;
    const Retry retry = made(options);
    const auto fails = []() -> Own { return std::unexpected("no"); };
    (void)retry.call(fails);  // the thread has its slot
    const shm::segment& where = segment_.handle()->where();
    const std::span words{reinterpret_cast<const layout::word*>(&where.header()), where.parts().size / 8};
    const shm::worker& me = segment_.handle()->attachment()->me();
    const auto first = static_cast<std::size_t>(reinterpret_cast<const layout::word*>(me.counters) - words.data());
    const auto written_by = [&](auto call) {
        std::vector<std::uint64_t> before;
        for (const auto& each : words) before.push_back(shm::hardware::load_relaxed(each));
        call();
        std::vector<std::size_t> changed;
        for (std::size_t i = 0; i < words.size(); ++i)
            if (shm::hardware::load_relaxed(words[i]) != before[i]) changed.push_back(i - first);
        return changed;
    };
    const auto count = [](layout::counter which) { return std::size_t{1} + which; };
    EXPECT_EQ(written_by([&] { (void)retry.call([] { return 7; }); }),
              (std::vector<std::size_t>{count(layout::count_retry_calls)}));
    // A window that allows nothing is begun once, by whoever finds the last one over; between two of them a denial writes its counts.
    std::vector<std::size_t> written;
    while (written.size() != 2) written = written_by([&] { (void)retry.call(fails); });
    EXPECT_EQ(written, (std::vector<std::size_t>{count(layout::count_retry_calls), count(layout::count_retry_denied)}));
}

// Fails if fewer or more attempts are made than max_attempts, the last error is lost, or the call is not counted as what it is.
TEST_F(Retries, AnErrorIsTriedAgainUntilThereAreNoAttemptsLeft) {
    for (const std::uint64_t attempts : {1U, 2U, 5U}) {
        const std::string name = "r" + std::to_string(attempts);
        const Retry retry = made(at_once(attempts), name);
        std::uint64_t calls = 0;
        const auto failed = retry.call([&]() -> Own { return std::unexpected("error " + std::to_string(++calls)); });
        ASSERT_FALSE(failed);
        EXPECT_EQ(calls, attempts);
        EXPECT_EQ(*failed.error().own(), "error " + std::to_string(attempts));
        EXPECT_EQ(failed.error().code(), Errc::call_failed);
        EXPECT_FALSE(failed.error().refused());
        const RetryStatus status = must(retry.status());
        EXPECT_EQ(status.calls, 1U);
        EXPECT_EQ(status.retries, attempts - 1);
        EXPECT_EQ(status.exhausted, 1U);
        EXPECT_EQ(status.recovered + status.denied, 0U);
    }
}

// Fails if a call goes on after it succeeded, or nobody learns that a retry helped.
TEST_F(Retries, ARetryThatSucceedsEndsTheCall) {
    const Retry retry = made(at_once());
    int calls = 0;
    EXPECT_EQ(*retry.call([&]() -> Own { return ++calls == 2 ? Own{7} : std::unexpected("not yet"); }), 7);
    EXPECT_EQ(calls, 2);
    int thrown = 0;
    EXPECT_TRUE(retry.call([&] {
        if (++thrown < 3) throw std::runtime_error{"not yet"};
    }));
    EXPECT_EQ(thrown, 3);
    const RetryStatus status = must(retry.status());
    EXPECT_EQ(status.calls, 2U);
    EXPECT_EQ(status.retries, 3U);
    EXPECT_EQ(status.recovered, 2U);
    EXPECT_EQ(status.exhausted, 0U);
}

// Fails if an exception is swallowed, is another than the last, or is not worth a retry.
TEST_F(Retries, TheLastExceptionIsThrownOn) {
    const Retry retry = made(at_once());
    int calls = 0;
    try {
        (void)retry.call([&]() -> int { throw std::runtime_error{std::to_string(++calls)}; });
        FAIL();
    } catch (const std::runtime_error& last) {
        EXPECT_STREQ(last.what(), "3");
    }
    EXPECT_EQ(must(retry.status()).exhausted, 1U);
}

// Fails if retry_on is not asked, is asked of what it does not take, or its word does not count.
TEST_F(Retries, RetryOnSaysWhatIsWorthAnother) {
    const Retry retry = made(at_once());
    int calls = 0;
    const auto fails = [&]() -> Own { return std::unexpected(++calls < 2 ? "again" : "enough"); };
    EXPECT_EQ(*retry.call(fails, [](const std::string& error) { return error == "again"; }).error().own(), "enough");
    EXPECT_EQ(calls, 2);
    // The result, not only an error in it: and a value that is not good enough at the end is an answer all the same.
    calls = 0;
    EXPECT_EQ(*retry.call([&] { return ++calls; }, [](int value) { return value < 2; }), 2);
    EXPECT_EQ(*retry.call([&] { return ++calls; }, [](int) { return true; }), 5);
    EXPECT_EQ(*retry.call([&]() -> Own { return ++calls; }, [](const Own& own) { return *own < 7; }), 7);
    // Exceptions.
    calls = 0;
    const auto throws = [&] {
        ++calls;
        throw std::invalid_argument{"never"};
    };
    EXPECT_THROW((void)retry.call(throws, [](const std::exception_ptr&) { return false; }), std::invalid_argument);
    EXPECT_EQ(calls, 1);
    EXPECT_THROW((void)retry.call(throws, [](int) { return false; }), std::invalid_argument) << "it takes no exception";
    EXPECT_EQ(calls, 4);
    // What it throws itself is nobody's retry.
    calls = 0;
    EXPECT_THROW((void)retry.call(fails, [](const std::string&) -> bool { throw std::logic_error{"its own"}; }),
                 std::logic_error);
    EXPECT_EQ(calls, 1);
}

// Fails if on_retry is not told before each sleep, of the wrong attempt or delay, or after the last.
TEST_F(Retries, OnRetryIsToldOfEachRetry) {
    const Retry retry = made({.max_attempts = 4,
                              .backoff = Backoff::linear,
                              .jitter = Jitter::none,
                              .base_delay = 1us,
                              .max_delay = 2us,
                              .min_per_second = 1000});
    std::vector<nanoseconds> delays;
    std::vector<std::uint64_t> attempts;
    const auto note = [&](const RetryStep& step) {
        EXPECT_TRUE(step);
        EXPECT_EQ(step.why, Errc::none);
        delays.push_back(step.delay);
        attempts.push_back(step.attempt);
    };
    const auto always = [](const std::string&) { return true; };
    (void)retry.call([]() -> Own { return std::unexpected("no"); }, always, note);
    EXPECT_EQ(delays, (std::vector<nanoseconds>{1us, 2us, 2us}));
    EXPECT_EQ(attempts, (std::vector<std::uint64_t>{1, 2, 3}));

    std::vector<std::string> errors;
    (void)retry.call([&]() -> Own { return std::unexpected("no"); }, always,
                     [&](const RetryStep&, const Own& last) { errors.push_back(last.error()); });
    EXPECT_EQ(errors.size(), 3U);
    int exceptions = 0;
    EXPECT_THROW(
        (void)retry.call([] { throw std::runtime_error{"no"}; }, [](const std::exception_ptr&) { return true; },
                         [&](const RetryStep&, const std::exception_ptr& last) { exceptions += last ? 1 : 0; }),
        std::runtime_error);
    EXPECT_EQ(exceptions, 3);
    EXPECT_THROW((void)retry.call([]() -> Own { return std::unexpected("no"); }, always,
                                  [](const RetryStep&) { throw std::logic_error{"its own"}; }),
                 std::logic_error);
}

// Fails if a server's Retry-After is not heeded where it is longer, or shortens a delay.
TEST_F(Retries, ALongerRetryAfterWins) {
    const Retry retry = made({.max_attempts = 2, .jitter = Jitter::none, .base_delay = 10us, .max_delay = 10us});
    const auto delay_of = [&](nanoseconds asked) {
        nanoseconds told{-1};
        (void)retry.call([&]() -> std::expected<int, busy> { return std::unexpected(busy{asked}); },
                         [](const busy& error) { return Again::after(error.retry_after); },
                         [&](const RetryStep& step) { told = step.delay; });
        return told;
    };
    EXPECT_EQ(delay_of(1ms), 1ms);
    EXPECT_EQ(delay_of(10'001ns), 10'001ns);
    EXPECT_EQ(delay_of(1us), 10us);
    EXPECT_EQ(delay_of(-1s), 10us);
    EXPECT_EQ(delay_of(never), -1ns) << "no time helps, and it was tried again";
    const RetryStep at_no_time = made(at_once(), "quick").begin().failed(Again::after(-1s));
    EXPECT_EQ(at_no_time.delay, 0ns);
    nanoseconds told{-1};
    (void)retry.call([]() -> std::expected<int, busy> { return std::unexpected(busy{2ms}); }, detail::usual{},
                     [&](const RetryStep& step) { told = step.delay; });
    EXPECT_EQ(told, 2ms) << "an error that says it itself";
}

// Fails if a refusal that time helps is not waited for as it says, or one that it does not help is tried again.
TEST_F(Retries, ARefusalByAGuardInsideIsTriedAgainWhenItSaysSo) {
    const Retry retry = made(at_once());
    const auto attempts_of = [&](Refusal why) {
        int calls = 0;
        const auto last = retry.call([&]() -> std::expected<int, Refusal> {
            ++calls;
            return std::unexpected(why);
        });
        EXPECT_EQ(last.error().code(), why.code);
        return calls;
    };
    for (const Errc why : {Errc::rate_limited, Errc::circuit_open, Errc::bulkhead_full, Errc::timeout})
        EXPECT_EQ(attempts_of({why, 1us}), 3) << to_string(why);
    for (const Errc why : {Errc::deleted, Errc::deadline_exceeded, Errc::read_only, Errc::budget_spent})
        EXPECT_EQ(attempts_of({why}), 1) << to_string(why);
    EXPECT_EQ(attempts_of({Errc::circuit_open, never}), 1) << "forced open";

    const Breaker payments = must(segment_.breaker("payments", BreakerOptions{}));
    ASSERT_EQ(payments.open(), Errc::none);
    const auto refused = retry.call([&] { return payments.call([] { return 7; }); });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::circuit_open);
}

// Fails if it sleeps although the next attempt would come after the deadline (for a day), makes it all the same, or hides the last error.
TEST_F(Retries, NeverSleepsPastTheDeadline) {
    const Retry retry = made(a_day());
    int calls = 0;
    const auto fails = [&]() -> Own { return std::unexpected(std::to_string(++calls)); };
    {
        const Deadline soon{1h};
        const auto stopped = retry.call(fails);
        EXPECT_EQ(stopped.error().code(), Errc::deadline_exceeded);
        EXPECT_FALSE(stopped.error().refused());
        EXPECT_EQ(*stopped.error().own(), "1");
        EXPECT_THROW((void)retry.call([] { throw std::runtime_error{"its"}; }), std::runtime_error);
        const auto refused = retry.call(
            []() -> std::expected<int, Refusal> { return std::unexpected(Refusal{Errc::rate_limited, 1s}); });
        EXPECT_EQ(refused.error().code(), Errc::deadline_exceeded);
        EXPECT_EQ(refused.error().retry_after(), 1s);
    }
    const Retry quick = made(at_once(), "quick");
    {
        const Deadline over{0ns};
        EXPECT_EQ(quick.call(fails).error().code(), Errc::deadline_exceeded) << "no time is no time, also for no delay";
    }
    EXPECT_EQ(calls, 2);
    {
        const Deadline late{1h};
        EXPECT_EQ(quick.call(fails).error().code(), Errc::call_failed);
    }
    EXPECT_EQ(calls, 5);
    const RetryStatus status = must(retry.status());
    EXPECT_EQ(status.exhausted, 3U);
    EXPECT_EQ(status.retries, 0U);
    EXPECT_EQ(status.budget_left, 10U) << "a retry that was not made was taken from the budget";
}

// Fails if a delay that is a little longer than the time until the deadline is taken for shorter.
TEST_F(Retries, ADelayJustPastTheDeadlineIsTooLong) {
    const RetryOptions options{.max_attempts = 2, .jitter = Jitter::none, .base_delay = 1h + 1s, .max_delay = 1h + 1s};
    const Retry retry = made(options);
    const Deadline soon{1h};
    const RetryStep step = retry.begin().failed();
    EXPECT_FALSE(step);
    EXPECT_EQ(step.why, Errc::deadline_exceeded);
}

// Fails if a delay that is to hang on the one before always hangs on the first.
TEST_F(Retries, DecorrelatedDelaysGrowFromOneAnother) {
    const Retry retry = made({.max_attempts = 100,
                              .jitter = Jitter::decorrelated,
                              .base_delay = 1ms,
                              .max_delay = 1h,
                              .min_per_second = 1000});
    RetryLoop loop = retry.begin();
    nanoseconds longest{0};
    for (int i = 0; i < 90; ++i) {
        const RetryStep step = loop.failed();
        ASSERT_TRUE(step) << i;
        longest = std::max(longest, step.delay);
    }
    EXPECT_GT(longest, 9ms);
}

// Fails if a budget is said to run for another time than it does.
TEST_F(Retries, ItsStatusSaysSinceWhenTheBudgetRuns) {
    const std::uint64_t before = primitives::clock_ms();
    const Retry retry = made(at_once());
    const std::uint64_t begun = primitives::clock_ms();
    while (primitives::clock_ms() < begun + 3) continue;
    const std::uint64_t asked = primitives::clock_ms();
    const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(must(retry.status()).budget_window);
    EXPECT_GE(static_cast<std::uint64_t>(age.count()), asked - begun);
    EXPECT_LE(static_cast<std::uint64_t>(age.count()), primitives::clock_ms() - before);
}

// Fails if it sleeps past a deadline that came to be after the delay was found short enough. (It would sleep for a day.)
TEST_F(Retries, NeverSleepsPastADeadlineThatOnRetrySets) {
    const Retry retry = made(a_day(2));
    std::optional<Deadline> over;
    int calls = 0;
    (void)retry.call([&]() -> Own { return ++calls, std::unexpected("no"); }, [](const std::string&) { return true; },
                     [&](const RetryStep&) { over.emplace(0ns); });
    EXPECT_EQ(calls, 2);
}

// Fails if more retries are made than the budget has, the denied call loses its error, or a denial counts as something else.
TEST_F(Retries, ASpentBudgetAllowsNoMore) {
    RetryOptions options = at_once(100);
    options.min_per_second = 5;
    options.ratio = 0;
    const Retry retry = made(options);
    int calls = 0;
    const std::uint64_t before = primitives::clock_ms();
    const auto denied = retry.call([&]() -> Own { return std::unexpected(std::to_string(++calls)); });
    ASSERT_FALSE(denied);
    const std::uint64_t windows = 1 + (primitives::clock_ms() - before) / 1000 + 1;  // a machine may stand still
    EXPECT_GE(calls, 6);
    EXPECT_LE(calls, 1 + static_cast<int>(5 * windows));
    EXPECT_EQ(denied.error().code(), Errc::budget_spent);
    EXPECT_EQ(*denied.error().own(), std::to_string(calls));
    const RetryStatus status = must(retry.status());
    EXPECT_EQ(status.denied, 1U);
    EXPECT_EQ(status.exhausted, 0U);
    EXPECT_EQ(status.retries, static_cast<std::uint64_t>(calls) - 1);
    EXPECT_NE(retry.explain(Errc::budget_spent).message.find("min_per_second is 5"), std::string::npos);
}

// Fails if who makes the attempts himself is told otherwise than who has them made, or is made to wait.
TEST_F(Retries, ALoopSaysHowLongToWaitAndNeverSleeps) {
    const Retry retry = made(a_day());
    RetryLoop loop = retry.begin();
    ASSERT_TRUE(loop);
    EXPECT_EQ(loop.attempt(), 1U);
    const RetryStep first = loop.failed();
    EXPECT_TRUE(first);
    EXPECT_EQ(first.delay, 24h);
    EXPECT_EQ(first.attempt, 1U);
    const RetryLoop& left = loop;
    RetryLoop moved{std::move(loop)};
    EXPECT_FALSE(left);
    EXPECT_EQ(moved.attempt(), 2U);
    const RetryStep second = moved.failed(Again::after(25h));
    EXPECT_EQ(second.delay, 25h);
    const RetryStep third = moved.failed();
    EXPECT_FALSE(third);
    EXPECT_EQ(third.why, Errc::call_failed);
    EXPECT_FALSE(moved);
    EXPECT_FALSE(moved.failed()) << "it was given up";

    RetryLoop other = retry.begin();
    ASSERT_TRUE(other.failed());
    other.succeeded();
    EXPECT_FALSE(other);
    other.succeeded();
    RetryLoop hopeless = retry.begin();
    EXPECT_EQ(hopeless.failed(false).why, Errc::call_failed);
    RetryLoop late = retry.begin();
    {
        const Deadline soon{1h};
        EXPECT_EQ(late.failed().why, Errc::deadline_exceeded);
    }
    retry.begin().succeeded();
    const RetryStatus status = must(retry.status());
    EXPECT_EQ(status.calls, 5U);
    EXPECT_EQ(status.retries, 3U);
    EXPECT_EQ(status.recovered, 1U) << "what succeeds at once has recovered from nothing";
    EXPECT_EQ(status.exhausted, 2U);
    EXPECT_FALSE(RetryLoop{}.failed());
}

// Fails if a loop loses its memory with the handles that it came from.
TEST_F(Retries, ALoopOutlivesTheHandlesItCameFrom) {
    const Retry watching = made(at_once());
    RetryLoop loop = must(must(open(path(), small())).retry("it")).begin();
    EXPECT_TRUE(loop.failed());
    loop.succeeded();
    EXPECT_EQ(must(watching.status()).recovered, 1U);
}

// Fails if delays are not drawn anew for each call: those of two workers would keep in step.
TEST_F(Retries, DelaysAreDrawnForEachCall) {
    RetryOptions options{.base_delay = 1h, .max_delay = 1h, .min_per_second = 1000};
    for (const Jitter jitter : {Jitter::full, Jitter::equal, Jitter::decorrelated}) {
        options.jitter = jitter;
        options.max_delay = jitter == Jitter::decorrelated ? 24h : 1h;
        const Retry retry = made(options, "j" + std::to_string(static_cast<int>(jitter)));
        std::vector<nanoseconds> delays;
        for (int i = 0; i < 20; ++i) delays.push_back(retry.begin().failed().delay);
        std::ranges::sort(delays);
        EXPECT_EQ(std::ranges::unique(delays).size(), 0U);
        EXPECT_LE(delays.back(), jitter == Jitter::decorrelated ? 3h : 1h);
        EXPECT_GE(delays.front(), jitter == Jitter::full ? 0h : jitter == Jitter::equal ? 30min : 60min);
    }
}

// Fails if options do not change under a living handle, or a deleted retry calls.
TEST_F(Retries, OptionsChangeWhileItRunsAndADeletedOneRefuses) {
    const Retry retry = made(at_once(3));
    ASSERT_TRUE(segment_.change("it", at_once(2)));
    int calls = 0;
    const auto fails = [&]() -> Own { return ++calls, std::unexpected("no"); };
    (void)retry.call(fails);
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(must(retry.options()).max_attempts, 2U);

    RetryLoop loop = retry.begin();
    ASSERT_TRUE(segment_.remove_retry("it"));
    EXPECT_EQ(loop.failed().why, Errc::deleted);
    const auto refused = retry.call(fails);
    EXPECT_TRUE(refused.error().refused());
    EXPECT_EQ(refused.error().code(), Errc::deleted);
    EXPECT_EQ(retry.begin().refusal().code, Errc::deleted);
    EXPECT_EQ(retry.status().error().code, Errc::deleted);
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(must(made(at_once(), "it").status()).calls, 0U) << "its successor has its counts";
}

// Fails if a handler is not told of an attempt, a retry, a success or a giving up, in the order in which they happened, or is told other numbers.
TEST_F(Retries, HandlersAreToldOfAttemptsAndHowTheyEnd) {
    std::vector<std::string> told;
    const auto subscription = must(telemetry::attach("seki.retry.*", [&](const telemetry::Event& event) {
        EXPECT_EQ(event.primitive, "it");
        std::string line{event.name.substr(std::string_view{"seki.retry."}.size())};
        for (const auto& each : event.measurements)
            line += " " + std::string{each.name} + "=" + std::to_string(each.value);
        for (const auto& each : event.metadata) line += " " + std::string{each.name} + "=" + std::string{each.value};
        told.push_back(line);
    }));
    const Retry retry = made({.max_attempts = 2, .jitter = Jitter::none, .base_delay = 7ns, .max_delay = 7ns});
    const auto told_of = [&](auto function) {
        told.clear();
        (void)retry.call(function);
        return told;
    };
    using lines = std::vector<std::string>;
    int calls = 0;
    EXPECT_EQ(told_of([] { return 7; }), (lines{"attempt attempt=1 name=it", "success attempt=1 name=it"}));
    EXPECT_EQ(told_of([&]() -> Own { return ++calls == 2 ? Own{7} : std::unexpected("no"); }),
              (lines{"attempt attempt=1 name=it error=call_failed", "retry attempt=1 delay=7 name=it error=call_failed",
                     "attempt attempt=2 name=it", "success attempt=2 name=it"}));
    EXPECT_EQ(told_of([]() -> Own { return std::unexpected("no"); }),
              (lines{"attempt attempt=1 name=it error=call_failed", "retry attempt=1 delay=7 name=it error=call_failed",
                     "attempt attempt=2 name=it error=call_failed", "exhausted attempts=2 name=it error=call_failed"}));
    const Deadline over{0ns};
    EXPECT_EQ(
        told_of([]() -> Own { return std::unexpected("no"); }),
        (lines{"attempt attempt=1 name=it error=call_failed", "exhausted attempts=1 name=it error=deadline_exceeded"}));
}

// Fails if an attempt, or the retry after it, does not tell by what it failed: its own error or exception, a value that was not good enough, or the refusal
// of a guard inside, however it is wrapped; or if one that is not worth a retry tells of none.
TEST_F(Retries, HandlersAreToldByWhatEachAttemptFailed) {
    std::vector<std::string> errors;
    const auto subscription = must(telemetry::attach("seki.retry.[ar]*", [&](const telemetry::Event& event) {
        const auto error = std::ranges::find(event.metadata, "error", &telemetry::Metadata::name);
        errors.emplace_back(error != event.metadata.end() ? error->value : "-");
    }));
    const Retry retry = made({.max_attempts = 2, .base_delay = 0ns, .max_delay = 0ns, .ratio = 100});
    const auto told_of = [&](auto function, auto... retry_on) {
        errors.clear();
        try {
            (void)retry.call(function, retry_on...);
        } catch (const std::runtime_error&) {
        }
        return errors;
    };
    const auto thrice = [](const std::string& error) { return std::vector<std::string>{error, error, error}; };
    const Refusal open{Errc::circuit_open, 0ns};
    EXPECT_EQ(told_of([]() -> int { throw std::runtime_error("no"); }), thrice("call_failed"));
    EXPECT_EQ(told_of([] { return 503; }, [](int status) { return status == 503; }), thrice("call_failed"));
    EXPECT_EQ(told_of([&]() -> std::expected<int, Refusal> { return std::unexpected(open); }), thrice("circuit_open"));
    EXPECT_EQ(told_of([&] { return CallResult<int, std::string>{std::unexpect, open}; }), thrice("circuit_open"));
    const CallError<Error> full{Error{Errc::bulkhead_full, ""}};
    EXPECT_EQ(told_of([&] { return CallResult<int, Error>{std::unexpect, full}; }), thrice("bulkhead_full"));
    EXPECT_EQ(told_of([]() -> Result<int> { return std::unexpected(Error{Errc::load_shed, ""}); }),
              std::vector<std::string>{"load_shed"});
    errors.clear();
    RetryLoop loop = retry.begin();
    EXPECT_TRUE(loop.failed(true, Errc::timeout));
    EXPECT_FALSE(loop.failed(false, Errc::rate_limited));
    EXPECT_EQ(errors, (std::vector<std::string>{"timeout", "timeout", "rate_limited"}));
}

// Fails if who may only read retries, or cannot look.
TEST_F(Retries, AReadOnlySegmentRefuses) {
    (void)made(at_once());
    const Segment reading = opened(Access::read_only);
    const Retry retry = must(reading.retry("it"));
    EXPECT_EQ(retry.call([] {}).error().code(), Errc::read_only);
    EXPECT_EQ(must(retry.status()).calls, 0U);
}

}  // namespace
}  // namespace seki::test
