// doctor: checks every invariant, and mends what does not hold.
#include <algorithm>

#include <fmt/format.h>

#include "client/segment_handle.hpp"
#include "command.hpp"
#include "report/doctor.hpp"

namespace seki::ctl {
namespace {

json to_json(const std::vector<report::finding>& findings) {
    json list = json::array();
    for (const auto& each : findings)
        list.push_back({{"invariant", report::to_string(each.broken)}, {"where", each.where}, {"what", each.what}});
    return list;
}

ending tell(const context& with, const std::vector<report::finding>& findings, std::size_t repaired) {
    if (with.as_json) {
        with.print({{"sound", findings.empty()}, {"repaired", repaired}, {"findings", to_json(findings)}});
    } else {
        for (const auto& each : findings)
            fmt::print("{}: {}: {}\n", report::to_string(each.broken), each.where, each.what);
        if (repaired > 0) fmt::print("{} repaired\n", repaired);
        if (findings.empty()) fmt::print("segment {} is sound\n", with.path().string());
    }
    return findings.empty() ? ending::fine : ending::damaged;
}

// A copy is not made in one instant: a key that moved meanwhile can stand in it twice. What is wrong stands in a second copy too.
Result<std::vector<report::finding>> examine_twice(const context& with) {
    std::vector<report::finding> both;
    for (int look = 0; look < 2; ++look) {
        const auto copy = with.look();
        if (!copy) return std::unexpected(copy.error());
        auto findings = report::examine(**copy);
        if (look > 0)
            std::erase_if(findings, [&](const report::finding& each) {
                return std::ranges::none_of(both, [&](const report::finding& before) {
                    return before.broken == each.broken && before.where == each.where;
                });
            });
        both = std::move(findings);
        if (both.empty()) break;
    }
    return both;
}

ending doctor(const context& with, bool repair) {
    if (!repair) {
        const auto findings = examine_twice(with);
        return findings ? tell(with, *findings, 0) : with.fail(findings.error());
    }
    const auto segment = with.operate();
    if (!segment) return with.fail(segment.error());
    const auto repaired = report::repair(segment->handle()->where());
    if (!repaired) return with.fail(repaired.error());
    return tell(with, report::examine(segment->handle()->where()), *repaired);
}

}  // namespace

void add_doctor(CLI::App& program, const context& with, ending& end) {
    auto* const command =
        program.add_subcommand("doctor", "check every invariant of the segment; exits 4 when one does not hold");
    const auto repair = std::make_shared<bool>(false);
    command->add_flag("--repair", *repair, "mend what does not hold: keys that cannot be trusted are forgotten");
    command->callback([&with, &end, repair] { end = doctor(with, *repair); });
}

}  // namespace seki::ctl
