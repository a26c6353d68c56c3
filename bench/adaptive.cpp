// What letting a call in by an adaptive limit costs, with telling what it came to, and a request by a shedder, beside readings of the clock in the
// same run.
//
//     bench/adaptive [--benchmark_filter=REGEX]
//
// Prints a table with the bar for each; exits 1 when one is missed.
#include <chrono>
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

Adaptive adaptive(const char* name, const AdaptiveOptions& options = {}) {
    return must(own_segment().adaptive(name, options));
}

void clock_read(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(primitives::read_clock(Clock::precise));
}

// Each hundredth of them ends a window and moves the limit.
template <AdaptiveLaw law>
void acquire_and_release(benchmark::State& state) {
    const Adaptive backend = adaptive(law == AdaptiveLaw::aimd ? "aimd" : "gradient", {.algorithm = law});
    for (auto _ : state) {
        Result<AdaptivePermit> permit = backend.try_acquire();
        benchmark::DoNotOptimize(permit->release());
    }
}

void full(benchmark::State& state) {
    const Adaptive backend = adaptive("full", {.algorithm = AdaptiveLaw::aimd, .max_limit = 1, .initial_limit = 1});
    const AdaptivePermit held = must(backend.try_acquire());
    for (auto _ : state) benchmark::DoNotOptimize(backend.try_acquire());
}

// With how long it waited, which takes the clock.
template <unsigned priority>
void admit_and_complete(benchmark::State& state) {
    const Shedder door = must(own_segment().shedder("door", ShedderOptions{}));
    const auto arrived = std::chrono::steady_clock::now() + std::chrono::hours{1};  // whoever asks, it waited no time
    for (auto _ : state) {
        Result<InFlight> request = door.admit(priority, arrived);
        benchmark::DoNotOptimize(request->complete());
    }
}

void shed(benchmark::State& state) {
    const Shedder door = must(own_segment().shedder("full", {.max_in_flight = 1}));
    const InFlight held = must(door.admit(1));
    for (auto _ : state) benchmark::DoNotOptimize(door.admit(3));
}

const std::vector<bench::row> rows{
    {"adaptive acquire and release, to 2 clock reads and 80 ns", "gradient", "clock read", 1, true, 2, 80},
    {"acquire and release by aimd, to the same", "aimd", "clock read", 1, true, 2, 80},
    {"shedder admit and complete, to a clock read and 60 ns", "priority 2", "clock read", 1, true, 1, 60},
    {"admit and complete with priority 0, to the same", "priority 0", "clock read", 1, true, 1, 60},
};

}  // namespace

int main(int argc, char** argv) {
    const auto add = [](const char* name, void (*run)(benchmark::State&)) { bench::declare(name, run); };
    add("clock read", clock_read);
    add("gradient", acquire_and_release<AdaptiveLaw::gradient>);
    add("aimd", acquire_and_release<AdaptiveLaw::aimd>);
    add("full", full);
    add("priority 0", admit_and_complete<0>);
    add("priority 2", admit_and_complete<2>);
    add("shed", shed);
    return bench::run(argc, argv, rows, bench::remove_own_segment);
}
