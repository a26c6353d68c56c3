// Hedged calls by their public face: who answers, what is told to stop, and what is left behind.
#include <seki/hedge.hpp>

#include <atomic>
#include <filesystem>
#include <latch>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "hedge_fixture.hpp"

namespace seki::test {
namespace {

class Hedges : public HedgeTest {};

// Fails if a call that is answered in time is made twice, or loses its answer, whatever kind of answer it is.
TEST_F(Hedges, ASuccessIsPassedOnAndNotRepeated) {
    const Hedge hedge = made(an_hour());
    std::atomic<int> calls = 0;
    EXPECT_EQ(*hedge.call([&] { return ++calls; }), 1);
    EXPECT_TRUE(hedge.call([&] { ++calls; }));
    EXPECT_EQ(*hedge.call([&](const std::stop_token& stop) -> Own { return stop.stop_requested() ? 0 : ++calls; }), 3);
    EXPECT_EQ(*hedge.call([](const std::stop_token&, std::uint64_t which) { return which; }), 0U);
    int mine = 0;
    int& same = hedge.call([&]() -> int& { return mine; })->get();
    EXPECT_EQ(&same, &mine);
    const auto moved = hedge.call([] { return std::make_unique<int>(7); });
    EXPECT_EQ(**moved, 7);
    const HedgeStatus status = must(hedge.status());
    EXPECT_EQ(status.calls, 6U);
    EXPECT_EQ(status.requests + status.wins + status.failed + status.denied, 0U);
}

// Fails if no other attempt is made while the first does not answer, the success of another is not the answer, or the loser is not told to stop (it would
// wait for ever).
TEST_F(Hedges, TheFirstSuccessWinsAndTheOthersAreToldToStop) {
    const Hedge hedge = made(at_once(2));
    std::atomic<int> stopped = 0;
    std::latch all{3};
    const auto answer = hedge.call([&](const std::stop_token& stop, std::uint64_t which) -> Own {
        all.arrive_and_wait();
        if (which == 2) return 7;
        wait_for(stop);
        ++stopped;
        return std::unexpected("stopped");
    });
    EXPECT_EQ(*answer, 7);
    EXPECT_EQ(stopped, 2);
    const HedgeStatus status = must(hedge.status());
    EXPECT_EQ(status.calls, 1U);
    EXPECT_EQ(status.requests, 2U);
    EXPECT_EQ(status.wins, 1U);
    EXPECT_EQ(status.failed + status.denied, 0U);
}

// Fails if the first attempt does not win although it is the first to succeed, or that counts as a win of another.
TEST_F(Hedges, TheFirstAttemptMayStillWin) {
    const Hedge hedge = made(at_once());
    std::latch other{1};
    const auto answer = hedge.call([&](const std::stop_token& stop, std::uint64_t which) {
        if (which == 0) {
            other.wait();
        } else {
            other.count_down();
            wait_for(stop);
        }
        return which;
    });
    EXPECT_EQ(*answer, 0U);
    EXPECT_EQ(must(hedge.status()).wins, 0U);
    EXPECT_EQ(must(hedge.status()).requests, 1U);
}

// Fails if the call answers while a loser still runs: what it refers to would be gone. (It takes its time after it was told.)
TEST_F(Hedges, NothingRunsAnyMoreWhenTheCallAnswers) {
    const Hedge hedge = made(at_once());
    for (int round = 0; round < 20; ++round) {
        bool ended = false;  // no atomic: the thread sanitizer looks on
        std::latch both{2};
        const auto answer = hedge.call([&](const std::stop_token& stop, std::uint64_t which) {
            both.arrive_and_wait();
            if (which == 1) return which;
            wait_for(stop);
            for (int i = 0; i < 1000; ++i) std::this_thread::yield();
            ended = true;
            return which;
        });
        EXPECT_TRUE(ended);
        EXPECT_EQ(*answer, 1U);
    }
}

std::size_t threads() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator{"/proc/self/task"}) ++count;
    return count;
}

// Fails if a thread is left behind (the wait runs into the test's limit), or what a task holds is.
TEST_F(Hedges, NoThreadAndNoMemoryIsLeftBehind) {
    const Hedge hedge = made(at_once(2));
    const std::size_t before = threads();
    const auto held = std::make_shared<int>(0);
    for (int round = 0; round < 20; ++round)
        (void)hedge.call([held](const std::stop_token& stop, std::uint64_t which) {
            if (which != 1) wait_for(stop);
        });
    EXPECT_EQ(held.use_count(), 1);
    while (threads() != before) std::this_thread::yield();
}

// Fails if the error of an attempt is lost, or not told with its attempt; or if the call ends before all have failed.
TEST_F(Hedges, AllFailedGivesAllErrors) {
    const Hedge hedge = made(at_once(2));
    std::latch all{3};
    const auto answer = hedge.call([&](const std::stop_token& stop, std::uint64_t which) -> Own {
        all.arrive_and_wait();
        EXPECT_FALSE(stop.stop_requested());
        return std::unexpected("error " + std::to_string(which));
    });
    ASSERT_FALSE(answer);
    EXPECT_FALSE(answer.error().refused());
    EXPECT_EQ(answer.error().code(), Errc::call_failed);
    const HedgeErrors<std::string>& errors = *answer.error().own();
    ASSERT_EQ(errors.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(errors[i].attempt, i);
        EXPECT_EQ(*errors[i].error.own(), "error " + std::to_string(i));
        EXPECT_FALSE(errors[i].thrown);
    }
    EXPECT_EQ(must(hedge.status()).failed, 1U);
    EXPECT_EQ(hedge.call([] { return 7; }).or_else([] { return 8; }), 7);
    EXPECT_EQ(hedge.call([]() -> Own { return std::unexpected("no"); }).or_else([] { return 8; }), 8);
}

// Fails if an attempt that throws ends the call, or more than itself; or if the exception is lost, or thrown at the caller beside the errors.
TEST_F(Hedges, OneThatThrowsHasFailed) {
    const Hedge hedge = made(at_once());
    std::latch both{2};
    EXPECT_EQ(*hedge.call([&](const std::stop_token&, std::uint64_t which) {
        both.arrive_and_wait();
        if (which == 0) throw std::runtime_error{"the first"};
        return which;
    }),
              1U);
    std::latch again{2};
    const auto none = hedge.call([&](const std::stop_token&, std::uint64_t which) {
        again.arrive_and_wait();
        throw std::runtime_error{std::to_string(which)};
    });
    ASSERT_FALSE(none);
    const auto& errors = *none.error().own();
    ASSERT_EQ(errors.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(errors[i].error.code(), Errc::call_failed);
        try {
            std::rethrow_exception(errors[i].thrown);
        } catch (const std::runtime_error& its) {
            EXPECT_EQ(its.what(), std::to_string(i));
        }
    }
}

// Fails if a failure brings another attempt, at once or later (in an hour): that would be a retry.
TEST_F(Hedges, AFailureIsNoReasonForAnotherAttempt) {
    const Hedge hedge = made(an_hour(3));
    std::atomic<int> calls = 0;
    const auto answer = hedge.call([&]() -> Own { return std::unexpected(std::to_string(++calls)); });
    EXPECT_EQ(answer.error().own()->size(), 1U);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(must(hedge.status()).requests, 0U);
}

// Fails if a failure ends the call while another attempt is under way, or keeps the next one from coming in its time.
TEST_F(Hedges, AFailureDoesNotEndACallThatIsUnderWay) {
    const Hedge hedge = made(at_once(2));
    std::latch third{1};
    const auto answer = hedge.call([&](const std::stop_token&, std::uint64_t which) -> Own {
        if (which == 1) return std::unexpected("the second");
        if (which == 2) third.count_down();
        third.wait();
        if (which == 2) return std::unexpected("the third");
        return 7;
    });
    EXPECT_EQ(*answer, 7);
}

// Fails if more extra attempts are made than the budget has, or a denial is not counted, or asked again in the same call.
TEST_F(Hedges, ASpentBudgetAllowsNoMore) {
    HedgeOptions options = at_once(3);
    options.min_per_second = 5;
    options.ratio = 0;
    const Hedge hedge = made(options);
    const auto begin = std::chrono::steady_clock::now();
    constexpr std::uint64_t rounds = 12;
    std::uint64_t most = 0;
    for (std::uint64_t round = 0; round < rounds; ++round) {
        std::atomic<std::uint64_t> attempts = 0;
        // Each waits until all were made, or one was denied.
        const std::uint64_t before = must(hedge.status()).denied;
        (void)hedge.call([&] {
            ++attempts;
            while (attempts < 4 && must(hedge.status()).denied == before) std::this_thread::yield();
        });
        most = std::max<std::uint64_t>(most, attempts);
    }
    const auto passed = std::chrono::steady_clock::now() - begin;
    const auto windows = static_cast<std::uint64_t>(passed / 1s) + 2;  // a machine may stand still
    const HedgeStatus status = must(hedge.status());
    EXPECT_EQ(most, 4U);
    EXPECT_GE(status.requests, 5U);
    EXPECT_LE(status.requests, 5 * windows);
    EXPECT_GT(status.denied, 0U);
    EXPECT_LE(status.denied, rounds) << "asked again after it was denied";
}

// Fails if options do not change under a living handle, a deleted hedge calls, or who may only read does.
TEST_F(Hedges, OptionsChangeWhileItRunsAndADeletedOneRefuses) {
    const Hedge hedge = made(an_hour());
    ASSERT_TRUE(segment_.change("it", at_once()));
    EXPECT_EQ(*hedge.call([](const std::stop_token& stop, std::uint64_t which) {
        if (which == 0) wait_for(stop);
        return which;
    }),
              1U);
    EXPECT_EQ(must(hedge.options()).delay, 0ns);
    const Segment reading = opened(Access::read_only);
    const Hedge looking = must(reading.hedge("it"));
    EXPECT_EQ(looking.call([] {}).error().code(), Errc::read_only);
    EXPECT_EQ(must(looking.status()).wins, 1U);

    ASSERT_TRUE(segment_.remove_hedge("it"));
    bool called = false;
    const auto refused = hedge.call([&] { called = true; });
    EXPECT_TRUE(refused.error().refused());
    EXPECT_EQ(refused.error().code(), Errc::deleted);
    EXPECT_FALSE(called);
    EXPECT_EQ(hedge.status().error().code, Errc::deleted);
    EXPECT_EQ(must(made(an_hour()).status()).calls, 0U) << "its successor has its counts";
}

// Fails if a handler is not told how a call ended, with how many attempts, or of which hedge.
TEST_F(Hedges, HandlersAreToldHowACallEnded) {
    std::vector<std::string> told;
    const auto subscription = must(telemetry::attach("seki.hedge.*", [&](const telemetry::Event& event) {
        EXPECT_EQ(event.primitive, "it");
        std::string line{event.name};
        line += " " + std::string{event.measurements[0].name} + "=" + std::to_string(event.measurements[0].value);
        EXPECT_EQ(event.measurements[1].name, "duration");
        for (const auto& each : event.metadata) line += " " + std::string{each.name} + "=" + std::string{each.value};
        told.push_back(line);
    }));
    const Hedge hedge = made(at_once());
    const auto winner = [&](std::uint64_t which) {
        std::latch both{2};
        (void)hedge.call([&](const std::stop_token& stop, std::uint64_t mine) {
            both.arrive_and_wait();
            if (mine != which) wait_for(stop);
        });
    };
    winner(0);
    winner(1);
    ASSERT_TRUE(segment_.change("it", an_hour()));
    (void)hedge.call([]() -> Own { return std::unexpected("no"); });
    {
        const Deadline soon{1ms};
        (void)hedge.call([](const std::stop_token& stop) -> Own { return wait_for(stop), std::unexpected("no"); });
    }
    EXPECT_EQ(told, (std::vector<std::string>{"seki.hedge.complete count=2 name=it status=first",
                                              "seki.hedge.complete count=2 name=it status=extra",
                                              "seki.hedge.complete count=1 name=it status=call_failed",
                                              "seki.hedge.complete count=1 name=it status=deadline_exceeded"}));
}

// Fails if a guard around it takes all refusals for failures of what it guards, or a retry tries again what no time helps.
TEST_F(Hedges, GuardsAroundItUnderstandItsErrors) {
    const Hedge hedge = made(an_hour());
    const Retry retry = must(segment_.retry("r", {.base_delay = 0ns, .max_delay = 0ns}));
    std::atomic<int> calls = 0;
    const auto refuses = [&](Refusal why) {
        calls = 0;
        return retry.call([&] {
            return hedge.call([&]() -> std::expected<int, Refusal> {
                ++calls;
                return std::unexpected(why);
            });
        });
    };
    (void)refuses({Errc::circuit_open, 1us});
    EXPECT_EQ(calls, 3);
    (void)refuses({Errc::deleted});
    EXPECT_EQ(calls, 1);
    (void)refuses({Errc::circuit_open, never});
    EXPECT_EQ(calls, 1);

    const auto refused =
        hedge.call([]() -> std::expected<int, Refusal> { return std::unexpected(Refusal{Errc::circuit_open}); });
    const auto failed = hedge.call([]() -> Own { return std::unexpected("no"); });
    EXPECT_TRUE(detail::is_refusal(refused.error()));
    EXPECT_FALSE(detail::is_refusal(failed.error()));
    calls = 0;
    (void)retry.call([&] { return ++calls, hedge.call([]() -> Own { return std::unexpected("no"); }); });
    EXPECT_EQ(calls, 3);
}

}  // namespace
}  // namespace seki::test
