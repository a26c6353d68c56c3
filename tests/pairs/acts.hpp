// What two processes are played against each other with: all that processes are stepped through in tests/deaths, and what it needs to be there.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "bulkhead_scenarios.hpp"
#include "stage.hpp"

namespace seki::test {

struct act {
    std::string of;  // whose: limiter, breaker, ...; segment: there is none yet
    std::string name;
    std::function<void(const fs::path&)> world;
    std::function<operation(const fs::path&, answer&)> prepare;
    std::function<void(neighbour&)> beside{};  // what a third process holds
};
inline std::ostream& operator<<(std::ostream& to, const act& each) { return to << each.of << '_' << each.name; }

[[nodiscard]] const std::vector<act>& all_acts();

// Those of adaptive limits, shedders, retries and hedges.
[[nodiscard]] std::vector<act> acts_with_limits();
[[nodiscard]] std::vector<act> acts_with_budgets();

// The world of the one, and beside its primitive one of each other kind.
[[nodiscard]] std::function<void(const fs::path&)> world_of(const act& first);

}  // namespace seki::test
