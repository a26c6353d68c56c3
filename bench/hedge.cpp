// What a hedge costs around a call that answers before the delay, beside the hand-over to another thread that it needs, made by hand in the same run: its
// caller must wake when the delay or the deadline is over, so somebody else has to call.
//
//     bench/hedge [--benchmark_filter=REGEX]
//
// Prints a table with the bar for each; exits 1 when one is missed.
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <seki/seki.hpp>

#include "own_segment.hpp"
#include "table.hpp"

namespace {

using namespace seki;
using bench::must, bench::own_segment;
using namespace std::chrono_literals;

Hedge hedge(const char* name, const HedgeOptions& options = {}) { return must(own_segment().hedge(name, options)); }

[[gnu::noinline]] int works() {
    int one = 1;
    benchmark::DoNotOptimize(one);
    return one;
}

// One thread that does what it is given, in turn.
class pool {
public:
    void post(std::function<void()> task) {
        {
            const std::lock_guard held{lock_};
            tasks_.push_back(std::move(task));
        }
        more_.notify_one();
    }

private:
    void work(const std::stop_token& stop) {
        std::unique_lock held{lock_};
        while (more_.wait(held, stop, [this] { return !tasks_.empty(); })) {
            const auto task = std::move(tasks_.front());
            tasks_.pop_front();
            held.unlock();
            task();
            held.lock();
        }
    }

    std::mutex lock_;
    std::condition_variable_any more_;
    std::deque<std::function<void()>> tasks_;
    std::jthread thread_{[this](const std::stop_token& stop) { work(stop); }};
};

// An answer, and somebody who waits for it with a limit.
struct answer {
    std::mutex lock{};
    std::condition_variable changed{};
    int value = 0;

    void give(int given) {
        const std::lock_guard held{lock};
        value = given;
        changed.notify_all();
    }
    int wait() {
        std::unique_lock held{lock};
        changed.wait_until(held, std::chrono::steady_clock::now() + 100ms, [this] { return value != 0; });
        return value;
    }
};

void bare_thread(benchmark::State& state) {
    for (auto _ : state) {
        answer into;
        const std::jthread other{[&into] { into.give(works()); }};
        benchmark::DoNotOptimize(into.wait());
    }
}
void hedged_in_thread(benchmark::State& state) {
    const Hedge around = hedge("threads");
    for (auto _ : state) benchmark::DoNotOptimize(around.call(works));
}
void bare_pool(benchmark::State& state) {
    pool workers;
    for (auto _ : state) {
        answer into;
        workers.post([&into] { into.give(works()); });
        benchmark::DoNotOptimize(into.wait());
    }
}
void hedged_in_pool(benchmark::State& state) {
    const Hedge around = hedge("pool");
    pool workers;
    const auto post = [&workers](HedgeTask task) { workers.post(std::move(task)); };
    for (auto _ : state) benchmark::DoNotOptimize(around.call(works, post));
}
// The least that a hand-over can be: a call in the caller's own thread. What is left is what the hedge itself does.
void hedged_in_place(benchmark::State& state) {
    const Hedge around = hedge("in_place");
    const auto at_once = [](const HedgeTask& task) { task(); };
    for (auto _ : state) benchmark::DoNotOptimize(around.call(works, at_once));
}
void hedged_by_percentile(benchmark::State& state) {
    const Hedge around = hedge("percentile", {.percentile = 95, .min_delay = 100ms});
    const auto at_once = [](const HedgeTask& task) { task(); };
    for (auto _ : state) benchmark::DoNotOptimize(around.call(works, at_once));
}

const std::vector<bench::row> rows{
    {"hedged call in a thread of its own, to that thread by hand", "in a thread", "thread by hand", 1.5},
    {"hedged call in a pool, to that pool by hand", "in a pool", "pool by hand", 1.5},
};

}  // namespace

int main(int argc, char** argv) {
    const auto add = [](const char* name, void (*run)(benchmark::State&)) { bench::declare(name, run); };
    add("thread by hand", bare_thread);
    add("in a thread", hedged_in_thread);
    add("pool by hand", bare_pool);
    add("in a pool", hedged_in_pool);
    add("in place", hedged_in_place);
    add("in place, by percentile", hedged_by_percentile);
    return bench::run(argc, argv, rows, bench::remove_own_segment);
}
