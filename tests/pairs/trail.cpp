#include "trail.hpp"

#include <unordered_map>

#include "touches.hpp"

namespace seki::test {
namespace {

// To pass a breakpoint takes as long as so many steps, and to set one.
constexpr std::uint64_t steps_a_pass = 3, steps_to_set = 3;
// That nothing is overlooked is looked at here: to compare the segment takes as long as a step.
constexpr std::uint64_t most_watched = 5'000;

}  // namespace

trail::trail(stepped_process& whole, const fs::path& segment, std::uint64_t at_most,
             const std::function<bool()>& done) {
    watched_file file{segment};
    test::touches by_touches{whole, segment};
    std::unordered_map<std::uint64_t, std::uint32_t> seen;
    while (length() < at_most && !done()) {
        addresses_.push_back(whole.at());
        passes_.push_back(seen[addresses_.back()]++);
        if (!by_touches.step()) break;
        if (by_touches.touched()) touches_.push_back(length() - 1);
        if (length() <= most_watched && file.changed() && !by_touches.touched()) ++unseen_;
    }
}

trail::anchor trail::best_for(std::uint64_t instruction) const noexcept {
    anchor best{0, 0};
    std::uint64_t least = instruction;
    for (std::uint64_t back = 0; back <= instruction && back < least; ++back) {
        const std::uint64_t at = instruction - back;
        const std::uint64_t steps = back + steps_to_set + steps_a_pass * passes_[at];
        if (steps >= least) continue;
        least = steps;
        best = {at, passes_[at]};
    }
    return best;
}

bool trail::lead(stepped_process& one, std::uint64_t instructions) const {
    const anchor from = best_for(instructions);
    if (from.instruction > 0 && !one.run_to(addresses_[from.instruction], from.passes)) return false;
    return one.step(instructions - from.instruction) && one.at() == addresses_[instructions];
}

}  // namespace seki::test
