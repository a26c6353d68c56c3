// What a circuit breaker costs around a function that does nothing, beside readings of the clock in the same run.
//
//     bench/breaker [--benchmark_filter=REGEX]
//
// Prints a table with the bar for each; exits 1 when one is missed.
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <seki/seki.hpp>

#include "own_segment.hpp"
#include "primitives/clock.hpp"
#include "processes.hpp"
#include "shm/histogram.hpp"
#include "table.hpp"

namespace {

using namespace seki;
using bench::must, bench::own_segment;
using namespace std::chrono_literals;

Breaker breaker(const char* name, const BreakerOptions& options = {}) {
    return must(own_segment().breaker(name, options));
}

void clock_read(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(primitives::read_clock(Clock::precise));
}

void call_nothing(benchmark::State& state, const Breaker& through) {
    for (auto _ : state) benchmark::DoNotOptimize(through.call([] { return 1; }));
}

void closed(benchmark::State& state) { call_nothing(state, breaker("closed")); }
void closed_time_window(benchmark::State& state) {
    call_nothing(state, breaker("closed-time", {.window_type = WindowType::time, .window_size = 60s}));
}
void forced_closed(benchmark::State& state) {
    call_nothing(state, breaker("forced-closed", {.mode = BreakerMode::forced_closed}));
}
void admit_and_tell(benchmark::State& state) {
    const Breaker through = breaker("admit");
    for (auto _ : state) {
        Admission made = through.admit();
        benchmark::DoNotOptimize(made);
        made.ok();
    }
}

void refusing(benchmark::State& state) {
    const Breaker through = breaker("open", {.wait_duration = 366 * 24h});
    while (must(through.state()) != BreakerState::open)
        (void)through.call([] { return 1; }, [](int) { return Outcome::error; });
    call_nothing(state, through);
}

void record_duration(benchmark::State& state) {
    static std::vector<layout::histogram_block> blocks(2);
    const shm::histogram<> durations{blocks, 1};
    durations.fill();
    const shm::worker me{.stamp_base = 1ULL << 47};
    std::uint64_t ns = 1;
    for (auto _ : state) durations.record(me, ns = (ns * 5) & 0xfff'ffff);
}

// Nanoseconds of wall time for one call of all processes together.
constexpr std::size_t together_calls = 2'000'000;

template <int processes>
void closed_together(benchmark::State& state) {
    const Breaker through = breaker("together");
    for (auto _ : state)
        state.SetIterationTime(bench::seconds_together(
            processes, [](int) { return 0; },
            [&](int, int) {
                for (std::size_t i = 0; i < together_calls / processes; ++i)
                    benchmark::DoNotOptimize(through.call([] { return 1; }));
            }));
    state.counters["items"] = static_cast<double>(together_calls);
}

const std::vector<bench::row> rows{
    {"closed breaker around nothing, to 2 clock reads and 25 ns", "closed", "clock read", 1, true, 2, 25},
    {"the same with a time window", "closed, time window", "clock read", 1, true, 2, 25},
    {"admit() and ok(), to the same", "admit and tell", "clock read", 1, true, 2, 25},
    {"open breaker refusing, to a clock read and 8 ns", "open", "clock read", 1, true, 1, 8},
    {"4 processes, one breaker: throughput, to one process", "closed, 1 process", "closed, 4 processes", 1, false},
};

}  // namespace

int main(int argc, char** argv) {
    const auto add = [](const char* name, void (*run)(benchmark::State&), bool several = false) {
        if (several)
            bench::declare(name, run, 0)->UseManualTime();
        else
            bench::declare(name, run);
    };
    add("clock read", clock_read);
    add("closed", closed);
    add("closed, time window", closed_time_window);
    add("forced_closed", forced_closed);
    add("admit and tell", admit_and_tell);
    add("open", refusing);
    add("recording a duration", record_duration);
    add("closed, 1 process", closed_together<1>, true);
    add("closed, 4 processes", closed_together<4>, true);
    return bench::run(argc, argv, rows, bench::remove_own_segment);
}
