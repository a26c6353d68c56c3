// doctor: checks every invariant, and mends what does not hold.
#include <fmt/format.h>

#include "client/segment_handle.hpp"
#include "command.hpp"
#include "report/doctor.hpp"
#include "report/text.hpp"

namespace seki::ctl {
namespace {

json to_json(const std::vector<report::finding>& findings) {
    json list = json::array();
    for (const auto& each : findings)
        list.push_back({{"number", report::number_of(each.broken)},
                        {"invariant", report::to_string(each.broken)},
                        {"where", each.where},
                        {"what", each.what}});
    return list;
}

ending tell(const context& with, const std::vector<report::finding>& findings, std::size_t repaired) {
    if (with.as_json) {
        with.print({{"sound", findings.empty()}, {"repaired", repaired}, {"findings", to_json(findings)}});
    } else {
        for (const auto& each : findings)
            fmt::print("{} {}: {}: {}\n", report::number_of(each.broken), report::to_string(each.broken),
                       report::for_terminal(each.where), report::for_terminal(each.what));
        if (repaired > 0) fmt::print("{} repaired\n", repaired);
        if (findings.empty()) fmt::print("segment {} is sound\n", with.path().string());
    }
    return findings.empty() ? ending::fine : ending::damaged;
}

// What is wrong stands in every copy, however the segment was used while they were made.
Result<std::vector<report::finding>> examine_copies(const context& with) {
    constexpr int copies = 3;
    std::vector<report::finding> all;
    for (int each = 0; each < copies; ++each) {
        const auto copy = with.look();
        if (!copy) return std::unexpected(copy.error());
        auto findings = report::examine(**copy);
        all = each == 0 ? std::move(findings) : report::confirmed(std::move(findings), all);
        if (all.empty()) break;
    }
    return all;
}

// How many repairs were made.
Result<std::size_t> mend(const context& with) {
    const auto segment = with.operate();
    if (!segment) return std::unexpected(segment.error());
    return report::repair(segment->handle()->where());
}

ending doctor(const context& with, bool repair) {
    // Who was in the midst of something when it was mended may end it afterwards: count what was taken before the count began anew, say.
    constexpr int most_rounds = 3;
    std::size_t repaired = 0;
    for (int left = repair ? most_rounds : 0;; --left) {
        if (left > 0) {
            const auto mended = mend(with);
            if (!mended) return with.fail(mended.error());
            repaired += *mended;
        }
        const auto findings = examine_copies(with);
        if (!findings) return with.fail(findings.error());
        if (findings->empty() || left <= 1) return tell(with, *findings, repaired);
    }
}

}  // namespace

void add_doctor(const app& program, const context& with, ending& end) {
    const app command =
        program.add_subcommand("doctor", "check every invariant of the segment; exits 4 when one does not hold");
    const auto repair = std::make_shared<bool>(false);
    command.add_flag("--repair", *repair, "mend what does not hold: keys that cannot be trusted are forgotten");
    command.callback([&with, &end, repair] { end = doctor(with, *repair); });
}

}  // namespace seki::ctl
