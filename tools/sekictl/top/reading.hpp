// What the list shows of one primitive at one moment, whatever its kind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "layout/directory.hpp"
#include "report/snapshot.hpp"
#include "top/text.hpp"

namespace seki::ctl::top {

// How full it is. Of a breaker: failures of the calls in its window, in percent.
struct level {
    std::uint64_t used = 0;
    std::uint64_t of = 0;
    std::string said{};  // "7/10"
};

struct reading {
    layout::kind kind = layout::kind::none;
    std::string name;               // fit for a terminal
    std::uint64_t incarnation = 0;  // another one has counters of its own
    std::uint64_t let_in = 0;       // calls, ever
    std::uint64_t refused = 0;
    std::string state{};
    look mood = look::plain;  // of the state: how much it should be looked at
    std::optional<level> filled{};

    // Of this name and kind, as long as there is one.
    [[nodiscard]] std::string id() const;
};

[[nodiscard]] std::vector<reading> read(const report::snapshot& all);

// Calls visit(facts) for each primitive of every kind.
template <class Visit>
void each_primitive(const report::snapshot& all, Visit visit) {
    const auto through = [&](const auto& list) {
        for (const auto& facts : list) visit(facts);
    };
    through(all.limiters);
    through(all.breakers);
    through(all.bulkheads);
    through(all.adaptives);
    through(all.shedders);
    through(all.retries);
    through(all.hedges);
    through(all.policies);
}

[[nodiscard]] std::string id_of(layout::kind kind, std::string_view name);

}  // namespace seki::ctl::top
