// Runs what is registered with Google Benchmark in turn, so that a slow minute of the machine falls on all alike, and prints each figure as a ratio to what
// was measured beside it, with the bar for it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace seki::bench {

struct row {
    std::string what;
    std::string numerator;    // a benchmark's name
    std::string denominator;  // another's; empty: the ratio is to `plus` alone
    double bar = 0;
    bool at_most = true;  // the ratio must be at most the bar, or at least
    // The ratio is to so many of the denominator and so many nanoseconds more.
    double times = 1;
    double plus = 0;
};

// In nanoseconds, of a hundred short slices, since the speed of a shared machine changes by the second: each benchmark meets its fast and slow moments
// in the same share. What it does before its first iteration it does a hundred times.
benchmark::internal::Benchmark* declare(const char* name, void (*run)(benchmark::State&));
// Of nine slices, for what is slow to prepare, of that many seconds each; or 0: of one iteration.
benchmark::internal::Benchmark* declare(const char* name, void (*run)(benchmark::State&), double seconds);

// The main() of a benchmark that has added all of its own. Takes the slices of all in random order. Prints the medians, and the table; beside the ratio of the medians that of the
// least, which is what the code takes when nobody else has a hand on the processor. A benchmark that does several operations at once says how many in the
// counter "items". Answers the exit code: 1 when the ratio of the medians misses a bar,
// or, briefly, when a row has no figure. `cleanup` runs before the table is printed.
int run(int argc, char** argv, const std::vector<row>& rows, const std::function<void()>& cleanup = [] {});

}  // namespace seki::bench
