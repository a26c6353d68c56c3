#include "table.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "briefly.hpp"

namespace seki::bench {
namespace {

struct figures {
    double median = 0;
    double least = 0;
};

// By the names of the benchmarks, in nanoseconds for one operation.
class collector : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& run : runs) {
            if (run.run_type != Run::RT_Aggregate) continue;
            const std::string& name = run.run_name.function_name;
            const double items = run.counters.contains("items") ? run.counters.at("items").value : 1;
            const double nanoseconds = run.GetAdjustedRealTime() / items;
            if (run.aggregate_name == "least") found_[name].least = nanoseconds;
            if (run.aggregate_name != "median") continue;
            found_[name].median = nanoseconds;
            fmt::print(stderr, "{:<44} {:>10.1f} ns\n", name, nanoseconds);
        }
    }
    // Zeros for what was filtered out of this run.
    [[nodiscard]] figures of(const std::string& name) const {
        const auto found = found_.find(name);
        return found == found_.end() ? figures{} : found->second;
    }

private:
    std::map<std::string, figures> found_;
};

bool print(const collector& measured, const std::vector<row>& rows) {
    bool all = true;
    fmt::print(
        "| what | measured | against | ratio | of the least | bar | |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n");
    for (const row& each : rows) {
        const figures over = measured.of(each.numerator);
        const figures once = measured.of(each.denominator);
        const bool against_a_number = each.denominator.empty();
        if (over.median == 0 || (once.median == 0 && !against_a_number)) {
            all = all && !briefly();
            continue;
        }
        const double under = once.median * each.times + each.plus;
        const double ratio = over.median / under;
        const bool met = briefly() || (each.at_most ? ratio <= each.bar : ratio >= each.bar);
        all = all && met;
        fmt::print("| {} | {:.1f} ns | {:.1f} ns | {:.2f} | {:.2f} | {} {:.2f} | {} |\n", each.what, over.median, under,
                   ratio, over.least / (once.least * each.times + each.plus), each.at_most ? "<=" : ">=", each.bar,
                   met ? "met" : "missed");
    }
    return all;
}

double least_of(const std::vector<double>& repetitions) { return *std::ranges::min_element(repetitions); }

}  // namespace

benchmark::internal::Benchmark* declare(const char* name, void (*run)(benchmark::State&)) {
    return declare(name, run, 0.005)->Repetitions(unless_briefly(101, 2));
}

benchmark::internal::Benchmark* declare(const char* name, void (*run)(benchmark::State&), double seconds) {
    auto* const made = benchmark::RegisterBenchmark(name, run)
                           ->ReportAggregatesOnly()
                           ->ComputeStatistics("least", least_of)
                           ->Repetitions(unless_briefly(9, 2))
                           ->Unit(benchmark::kNanosecond);
    return seconds == 0 ? made->Iterations(1) : made->MinTime(unless_briefly(seconds, 0.001));
}

int run(int argc, char** argv, const std::vector<row>& rows, const std::function<void()>& cleanup) {
    std::vector<char*> arguments(argv, argv + argc);
    std::string interleaved = "--benchmark_enable_random_interleaving=true";
    arguments.insert(arguments.begin() + 1, interleaved.data());
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
    collector measured;
    benchmark::RunSpecifiedBenchmarks(&measured);
    cleanup();
    return print(measured, rows) ? 0 : 1;
}

}  // namespace seki::bench
