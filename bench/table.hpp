// Runs what Google Benchmark knows by name, and prints medians as ratios to the floor of the same run, beside the bar for each.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace seki::bench {

// Collects the median of each benchmark's repetitions, in nanoseconds per operation.
class medians : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override;
    [[nodiscard]] double of(const std::string& name) const;

private:
    std::map<std::string, double> nanoseconds_;
};

struct row {
    std::string what;
    std::string numerator;  // a benchmark's name
    std::string denominator;
    double bar = 0;
    bool at_most = true;  // the ratio must be at most the bar, or at least
    // The ratio is to so many of the denominator and so many nanoseconds more.
    double times = 1;
    double plus = 0;
};

// Prints the table; true when every bar is met.
bool print(const medians& measured, const std::vector<row>& rows);

}  // namespace seki::bench
