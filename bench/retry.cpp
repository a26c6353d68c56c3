// What a retry costs around a function that does nothing, and what asking for the deadline costs, beside readings of the clock in the same run.
//
//     bench/retry [--benchmark_filter=REGEX]
//
// Prints a table with the bar for each; exits 1 when one is missed.
#include <expected>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <seki/seki.hpp>

#include "own_segment.hpp"
#include "primitives/clock.hpp"
#include "table.hpp"

namespace {

using namespace seki;
using bench::must, bench::own_segment;
using namespace std::chrono_literals;

Retry retry(const char* name, const RetryOptions& options = {}) { return must(own_segment().retry(name, options)); }

void clock_read(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(primitives::read_clock(Clock::precise));
}

[[gnu::noinline]] std::expected<int, int> works() {
    int one = 1;
    benchmark::DoNotOptimize(one);
    return one;
}
[[gnu::noinline]] std::expected<int, int> fails() {
    int one = 1;
    benchmark::DoNotOptimize(one);
    return std::unexpected(one);
}

void bare_call(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(works());
}
// As bench/breaker has it: a function that is not there any more when all is inlined.
void around_nothing(benchmark::State& state) {
    const Retry around = retry("nothing");
    for (auto _ : state) benchmark::DoNotOptimize(around.call([] { return 1; }));
}
// A call, and an answer that is put into another.
void around_success(benchmark::State& state) {
    const Retry around = retry("success");
    for (auto _ : state) benchmark::DoNotOptimize(around.call(works));
}
// One retry, taken from a budget with room, at once.
void one_retry(benchmark::State& state) {
    const Retry around = retry(
        "again", {.max_attempts = 2, .base_delay = 0ns, .max_delay = 0ns, .ratio = 100.0, .min_per_second = 1'000'000});
    for (auto _ : state) benchmark::DoNotOptimize(around.call(fails));
}
void denied(benchmark::State& state) {
    const Retry around =
        retry("denied", {.max_attempts = 2, .base_delay = 0ns, .max_delay = 0ns, .ratio = 0, .min_per_second = 0});
    for (auto _ : state) benchmark::DoNotOptimize(around.call(fails));
}

void deadline_check(benchmark::State& state) {
    const Deadline limit{24h};
    for (auto _ : state) benchmark::DoNotOptimize(Deadline::check());
}
void no_deadline_check(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(Deadline::check());
}
void deadline_scope(benchmark::State& state) {
    for (auto _ : state) {
        const Deadline limit{24h};
        benchmark::ClobberMemory();
    }
}

const std::vector<bench::row> rows{
    {"retry around nothing, to 10 ns", "around nothing", "", 1, true, 0, 10},
    {"retry around a call, to the bare call and 10 ns", "around a call", "bare call", 1, true, 1, 10},
    {"deadline check, to a clock read and 3 ns", "deadline check", "clock read", 1, true, 1, 3},
};

}  // namespace

int main(int argc, char** argv) {
    const auto add = [](const char* name, void (*run)(benchmark::State&)) { bench::declare(name, run); };
    add("clock read", clock_read);
    add("bare call", bare_call);
    add("around nothing", around_nothing);
    add("around a call", around_success);
    add("one retry", one_retry);
    add("denied", denied);
    add("deadline check", deadline_check);
    add("check without a deadline", no_deadline_check);
    add("deadline scope", deadline_scope);
    return bench::run(argc, argv, rows, bench::remove_own_segment);
}
