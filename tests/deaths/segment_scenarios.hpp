// What segments are stepped through, and the primitives in them as whoever makes, changes and deletes them sees them: the worlds that processes find, what they do there, and what
// must be so besides what always must (furnished.hpp).
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "furnished.hpp"

namespace seki::test {

struct segment_scenario {
    std::string name;
    std::function<void(const fs::path&)> world;
    std::function<operation(const fs::path&, answer&)> prepare;
    // Before anybody tidied up. `done`: the dead was told that it was done.
    std::function<void(const Segment&, bool done)> then = [](const Segment&, bool /*done*/) {};
    bool stays = true;      // the segment; else another takes its place
    bool heals = false;     // somebody scribbled there: whoever comes next repairs first
    bool succeeds = false;  // whoever comes to its end was told that it is well
};
inline std::ostream& operator<<(std::ostream& to, const segment_scenario& each) { return to << each.name; }

// Of who has joined a roomy segment: does it, and tells the outcome.
template <class Act>
auto in_a_segment(Act act) {
    return [act](const fs::path& folder, answer& told) -> operation {
        const Segment segment = opened_roomy(folder);
        segment.handle()->attachment()->join();
        return [segment, &told, act] { told.tell(act(segment)); };
    };
}

[[nodiscard]] std::vector<segment_scenario> works_of_administrators();
[[nodiscard]] std::vector<segment_scenario> works_with_limiters();
[[nodiscard]] std::vector<segment_scenario> works_on_segments();
[[nodiscard]] std::vector<segment_scenario> repairs();
[[nodiscard]] std::vector<segment_scenario> works_through_c();

}  // namespace seki::test
