// What limiters are stepped through, and the segment itself: the worlds that processes find, what they do there, and what it comes to.
#pragma once

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "stage.hpp"

namespace seki::test {

inline constexpr std::int64_t limit = 4;

[[nodiscard]] inline LimiterOptions few_a_year() {
    return {.limit = static_cast<std::uint64_t>(limit), .window = 366 * 24h, .max_keys = 8};
}

struct limiter_scenario {
    std::string name;
    std::function<void(const fs::path&)> world;
    std::function<operation(const fs::path&, answer&)> prepare;
    std::int64_t spent = 0;  // of key "k", in the world
    std::int64_t cost = 0;   // what the operation takes of it when it is allowed; negative: gives back
    bool commutes = true;    // with somebody else's checks of the same key
};

inline std::ostream& operator<<(std::ostream& to, const limiter_scenario& each) { return to << each.name; }

[[nodiscard]] inline Limiter it_of(const Segment& segment) { return must(segment.limiter("it", few_a_year())); }

// A limiter of whose key "k" that much was spent, by a process that died since.
[[nodiscard]] inline auto spent(std::int64_t amount) {
    return [amount](const fs::path& folder) {
        const Limiter it = it_of(opened(folder));
        for (std::int64_t i = 0; i < amount; ++i) (void)it.check("k");
    };
}

[[nodiscard]] std::vector<limiter_scenario> works_with_limiters();

}  // namespace seki::test
