#include "table.hpp"

#include <cstdio>

#include <fmt/format.h>

namespace seki::bench {

void medians::ReportRuns(const std::vector<Run>& runs) {
    for (const Run& run : runs) {
        if (run.run_type != Run::RT_Aggregate || run.aggregate_name != "median") continue;
        const double items = run.counters.contains("items") ? run.counters.at("items").value : 1;
        nanoseconds_[run.run_name.function_name] = run.GetAdjustedRealTime() / items;
        fmt::print(stderr, "{:<44} {:>10.1f} ns\n", run.run_name.function_name,
                   nanoseconds_[run.run_name.function_name]);
    }
}

double medians::of(const std::string& name) const {
    const auto found = nanoseconds_.find(name);
    return found == nanoseconds_.end() ? 0 : found->second;
}

bool print(const medians& measured, const std::vector<row>& rows) {
    bool all = true;
    fmt::print("| what | measured | against | ratio | bar | |\n| --- | --- | --- | --- | --- | --- |\n");
    for (const row& each : rows) {
        const double over = measured.of(each.numerator);
        const double once = measured.of(each.denominator);
        if (over == 0 || once == 0) continue;  // filtered out of this run
        const double under = once * each.times + each.plus;
        const double ratio = over / under;
        const bool met = each.at_most ? ratio <= each.bar : ratio >= each.bar;
        all = all && met;
        fmt::print("| {} | {:.1f} ns | {:.1f} ns | {:.2f} | {} {:.2f} | {} |\n", each.what, over, under, ratio,
                   each.at_most ? "<=" : ">=", each.bar, met ? "met" : "missed");
    }
    return all;
}

}  // namespace seki::bench
