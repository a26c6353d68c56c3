// Hedged calls and where they run: executors, deadlines, traces, and how long calls take.
#include <seki/hedge.hpp>

#include <atomic>
#include <deque>
#include <functional>
#include <future>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "hedge_fixture.hpp"

namespace seki::test {
namespace {

class HedgeThreads : public HedgeTest {};

// A pool as users have them: of copies, in a queue, by a few threads.
class pool {
public:
    explicit pool(std::size_t threads) {
        for (std::size_t i = 0; i < threads; ++i)
            workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    }
    void post(std::function<void()> task) {
        {
            const std::lock_guard held{lock_};
            queue_.push_back(std::move(task));
        }
        changed_.notify_one();
    }

private:
    void work(const std::stop_token& stop) {
        for (;;) {
            std::function<void()> task;
            {
                std::unique_lock held{lock_};
                if (!changed_.wait(held, stop, [this] { return !queue_.empty(); })) return;
                task = std::move(queue_.front());
                queue_.pop_front();
            }
            task();
        }
    }
    std::mutex lock_;
    std::condition_variable_any changed_;
    std::deque<std::function<void()>> queue_;
    std::vector<std::jthread> workers_;
};

// Fails if attempts do not run in the executor's threads, or are not stopped there.
TEST_F(HedgeThreads, AttemptsRunWhereTheExecutorSays) {
    const Hedge hedge = made(at_once());
    pool two{2};
    const auto here = std::this_thread::get_id();
    for (int round = 0; round < 50; ++round) {
        const auto answer = hedge.call(
            [&](const std::stop_token& stop, std::uint64_t which) {
                EXPECT_NE(std::this_thread::get_id(), here);
                if (which == 0) wait_for(stop);
                return which;
            },
            [&](const HedgeTask& task) { two.post(task); });
        EXPECT_EQ(*answer, 1U);
    }
}

// Fails if a call waits for an attempt that waits for a thread (for ever: the only one is taken), or if the task is run later all the same.
TEST_F(HedgeThreads, AnAttemptThatHasNotBegunIsNotWaitedFor) {
    const Hedge hedge = made(at_once());
    std::vector<HedgeTask> kept;
    std::atomic<int> calls = 0;
    const auto answer = hedge.call([&] { return ++calls; },
                                   [&](const HedgeTask& task) {
                                       kept.push_back(task);
                                       if (kept.size() == 2) kept[1]();  // in this thread, which is as good as any
                                   });
    EXPECT_EQ(*answer, 1);
    for (const HedgeTask& each : kept) each();
    EXPECT_EQ(calls, 1);
    kept.clear();

    const Deadline soon{1ms};
    const auto late = hedge.call([&] { return ++calls; }, [&](const HedgeTask& task) { kept.push_back(task); });
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), Errc::deadline_exceeded);
    EXPECT_TRUE(late.error().own()->empty());
    for (const HedgeTask& each : kept) each();
    EXPECT_EQ(calls, 1);
}

// Fails if an executor that cannot is waited for, takes the call with it, or nobody learns why; or if one that can still is not asked.
TEST_F(HedgeThreads, AnExecutorThatCannotMakesAFailedAttempt) {
    const Hedge hedge = made(an_hour());
    const auto thrown = hedge.call([] { return 7; }, [](const HedgeTask&) { throw std::runtime_error{"no threads"}; });
    ASSERT_FALSE(thrown);
    ASSERT_EQ(thrown.error().own()->size(), 1U);
    EXPECT_THROW(std::rethrow_exception((*thrown.error().own())[0].thrown), std::runtime_error);

    const auto lost = hedge.call([] { return 7; }, [](const HedgeTask&) {});
    ASSERT_FALSE(lost);
    ASSERT_EQ(lost.error().own()->size(), 1U);
    EXPECT_EQ((*lost.error().own())[0].error.code(), Errc::system);
    EXPECT_EQ(must(hedge.status()).failed, 2U);

    // Thrown away later, by another thread.
    std::optional<HedgeTask> kept;
    std::jthread later;
    const auto after = hedge.call([] { return 7; },
                                  [&](const HedgeTask& task) {
                                      kept.emplace(task);
                                      later = std::jthread{[&] { kept.reset(); }};
                                  });
    EXPECT_FALSE(after);
    later.join();
    EXPECT_EQ(*hedge.call([] { return 7; }, [](const HedgeTask& task) { task(); }), 7) << "in the caller's own thread";
    // It throws when it has the task already: whoever runs that later finds that it counts as failed.
    int calls = 0;
    const auto both = hedge.call([&] { return ++calls; },
                                 [&](const HedgeTask& task) {
                                     kept.emplace(task);
                                     throw std::runtime_error{"too many"};
                                 });
    EXPECT_FALSE(both);
    (*kept)();
    EXPECT_EQ(calls, 0);
}

// Fails if it is waited beyond the thread's deadline (for an hour, or for ever), attempts are not told to stop, what they came to is lost, or another
// attempt is made that would come too late.
TEST_F(HedgeThreads, ADeadlineInTheMiddleStopsAll) {
    const Hedge hedge = made(an_hour(3));
    std::atomic<int> calls = 0;
    const auto waits = [&](const std::stop_token& stop) -> Own {
        ++calls;
        wait_for(stop);
        return std::unexpected("stopped");
    };
    // Is not back before the attempt has begun, however slow the machine is.
    std::vector<std::jthread> threads;
    const auto begins = [&](const HedgeTask& task) {
        const int before = calls;
        threads.emplace_back(task);
        while (calls == before) std::this_thread::yield();
    };
    {
        const Deadline soon{20ms};
        const auto late = hedge.call(waits, begins);
        ASSERT_FALSE(late);
        EXPECT_EQ(late.error().code(), Errc::deadline_exceeded);
        EXPECT_FALSE(late.error().refused());
        ASSERT_EQ(late.error().own()->size(), 1U);
        EXPECT_EQ(*(*late.error().own())[0].error.own(), "stopped");
    }
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(must(hedge.status()).requests, 0U);
    ASSERT_TRUE(segment_.change("it", at_once(3)));
    {
        const Deadline soon{20ms};
        const auto late = hedge.call(waits);
        EXPECT_EQ(late.error().code(), Errc::deadline_exceeded);
        EXPECT_EQ(must(hedge.status()).requests, 3U);
    }
    {
        const Deadline soon{1ms};
        EXPECT_EQ(*hedge.call([&](const std::stop_token& stop) -> Own { return ++calls, wait_for(stop), 7; }, begins),
                  7)
            << "it was paid for";
    }
    {
        const Deadline over{0ns};
        calls = 0;
        const auto refused = hedge.call(waits);
        EXPECT_TRUE(refused.error().refused());
        EXPECT_EQ(refused.error().code(), Errc::deadline_exceeded);
        EXPECT_EQ(calls, 0);
    }
}

// Fails if an attempt does not know the deadline, or the trace, of the thread that it works for; or if its thread keeps them.
TEST_F(HedgeThreads, DeadlineAndTraceGoWithTheAttempts) {
    const Hedge hedge = made(an_hour());
    pool one{1};
    const auto posts = [&](const HedgeTask& task) { one.post(task); };
    const Deadline soon{1h};
    const telemetry::TraceScope trace{"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};
    const auto at = Deadline::current();
    EXPECT_TRUE(*hedge.call([&] { return Deadline::current() == at && telemetry::trace_context().has_value(); }));
    EXPECT_TRUE(
        *hedge.call([&] { return Deadline::current() == at && telemetry::trace_context().has_value(); }, posts));
    std::promise<bool> free;
    one.post([&] { free.set_value(Deadline::current() == Deadline::none && !telemetry::trace_context()); });
    EXPECT_TRUE(free.get_future().get());
}

// Fails if the delay by percentile counts before enough calls were measured, or not then, or goes below min_delay; or if what failed at once is measured.
TEST_F(HedgeThreads, ThePercentileCountsFromTwentyCallsOn) {
    HedgeOptions options = an_hour();
    options.delay = 59min;
    options.percentile = 95;
    const Hedge hedge = made(options);
    for (int i = 0; i < 19; ++i) (void)hedge.call([] {});
    (void)hedge.call([]() -> Own { return std::unexpected("at once"); });
    EXPECT_EQ(must(hedge.status()).measured, 19U);
    EXPECT_EQ(must(hedge.status()).delay, 59min);
    (void)hedge.call([] {});
    EXPECT_EQ(must(hedge.status()).measured, 20U);
    EXPECT_LT(must(hedge.status()).delay, 10min);
    EXPECT_GE(must(hedge.status()).delay, 1ms);
    options.min_delay = 30min;
    ASSERT_TRUE(segment_.change("it", options));
    EXPECT_EQ(must(hedge.status()).delay, 30min);
    options.percentile = 0;
    ASSERT_TRUE(segment_.change("it", options));
    EXPECT_EQ(must(hedge.status()).delay, 59min);
}

// Fails if a first attempt that another overtook is not measured: only quick calls would be, the delay would fall, and more and more be overtaken.
TEST_F(HedgeThreads, AFirstAttemptThatWasOvertakenIsMeasuredToo) {
    const Hedge hedge = made(at_once());
    for (int i = 0; i < 5; ++i)
        (void)hedge.call([](const std::stop_token& stop, std::uint64_t which) {
            if (which == 0) wait_for(stop);
        });
    EXPECT_EQ(must(hedge.status()).measured, 5U);
    EXPECT_EQ(must(hedge.status()).wins, 5U);
}

// Fails if many callers at once lose a call, a win, or each other's answers; and the thread sanitizer finds what they share unguarded.
TEST_F(HedgeThreads, ManyCallersAtOnce) {
    const Hedge hedge = made(at_once(2));
    constexpr std::uint64_t callers = 4, rounds = 50;
    pool six{6};
    std::atomic<std::uint64_t> right = 0;
    {
        std::vector<std::jthread> all;
        for (std::uint64_t caller = 0; caller < callers; ++caller)
            all.emplace_back([&, caller] {
                for (std::uint64_t round = 0; round < rounds; ++round) {
                    const auto asks = [&](const std::stop_token& stop, std::uint64_t which) -> Own {
                        if (which == round % 2) return static_cast<int>(caller * rounds + round);
                        if (which == 2) return std::unexpected("no");
                        wait_for(stop);
                        return std::unexpected("stopped");
                    };
                    const auto answer = round % 3 == 0
                                            ? hedge.call(asks)
                                            : hedge.call(asks, [&](const HedgeTask& task) { six.post(task); });
                    right += answer && *answer == static_cast<int>(caller * rounds + round) ? 1U : 0U;
                }
            });
    }
    EXPECT_EQ(right, callers * rounds);
    EXPECT_EQ(must(hedge.status()).calls, callers * rounds);
}

}  // namespace
}  // namespace seki::test
