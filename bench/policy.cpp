// What a policy costs beside its parts, which are put together by hand in the same run.
//
//     bench/policy [--benchmark_filter=REGEX]
//
// Prints a table with the bar for each; exits 1 when one is missed.
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <seki/seki.hpp>

#include "own_segment.hpp"
#include "table.hpp"

namespace {

using namespace seki;
using bench::must, bench::own_segment;
using namespace std::chrono_literals;

// Of which nothing is ever refused.
struct everything {
    Limiter limiter = must(own_segment().limiter("api", {.limit = 10'000'000, .window = 1s, .mode = Mode::shadow}));
    Shedder shedder = must(own_segment().shedder("door", ShedderOptions{}));
    Bulkhead bulkhead = must(own_segment().bulkhead("database", BulkheadOptions{}));
    Breaker breaker = must(own_segment().breaker("payments", BreakerOptions{}));
    Retry retry = must(own_segment().retry("again", RetryOptions{}));
};
const everything& all() {
    static const everything made;
    return made;
}

void by_hand(benchmark::State& state) {
    const everything& by = all();
    for (auto _ : state) {
        const Deadline limit{1h};
        if (Deadline::exceeded() || !by.limiter.check("alice").allowed) std::abort();
        const Result<InFlight> place = by.shedder.admit();
        const Result<Permit> permit = by.bulkhead.acquire();
        if (!place || !permit) std::abort();
        benchmark::DoNotOptimize(by.breaker.call([&] { return by.retry.call([] { return 1; }); }));
    }
}
void by_policy(benchmark::State& state) {
    const everything& by = all();
    const Policy policy{{.deadline = 1h,
                         .limiter = by.limiter,
                         .shedder = by.shedder,
                         .bulkhead = by.bulkhead,
                         .breaker = by.breaker,
                         .retry = by.retry}};
    for (auto _ : state) benchmark::DoNotOptimize(policy.execute({.key = "alice"}, [] { return 1; }));
}
void by_name(benchmark::State& state) {
    (void)all();
    const Policy policy = must(own_segment().policy("checkout", {.deadline = 1h,
                                                                 .limiter = "api",
                                                                 .shedder = "door",
                                                                 .bulkhead = "database",
                                                                 .breaker = "payments",
                                                                 .retry = "again"}));
    for (auto _ : state) benchmark::DoNotOptimize(policy.execute({.key = "alice"}, [] { return 1; }));
}

void breaker_by_hand(benchmark::State& state) {
    const everything& by = all();
    for (auto _ : state) benchmark::DoNotOptimize(by.breaker.call([] { return 1; }));
}
void breaker_by_policy(benchmark::State& state) {
    const Policy policy{{.breaker = all().breaker}};
    for (auto _ : state) benchmark::DoNotOptimize(policy.execute([] { return 1; }));
}

const std::vector<bench::row> rows{
    {"policy of all parts, to these by hand and 5 ns", "all by policy", "all by hand", 1, true, 1, 5},
    {"policy named in the segment, to the same", "all by name", "all by hand", 1, true, 1, 5},
    {"policy of a breaker, to the breaker and 5 ns", "breaker by policy", "breaker by hand", 1, true, 1, 5},
};

}  // namespace

int main(int argc, char** argv) {
    const auto add = [](const char* name, void (*run)(benchmark::State&)) { bench::declare(name, run); };
    add("all by hand", by_hand);
    add("all by policy", by_policy);
    add("all by name", by_name);
    add("breaker by hand", breaker_by_hand);
    add("breaker by policy", breaker_by_policy);
    return bench::run(argc, argv, rows, bench::remove_own_segment);
}
