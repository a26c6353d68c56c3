#include "footprints.hpp"

namespace seki::test {
namespace {

// To pass a breakpoint takes as long as so many steps, and to set one.
constexpr std::uint64_t steps_a_pass = 3, steps_to_set = 3;

}  // namespace

void footprints::note(std::uint64_t address) {
    addresses_.push_back(address);
    passes_.push_back(seen_[address]++);
}

footprints::anchor footprints::best_for(std::uint64_t instruction) const noexcept {
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

bool footprints::lead(stepped_process& one, std::uint64_t instructions) const {
    if (instructions >= addresses_.size()) return false;
    const anchor from = best_for(instructions);
    if (from.instruction > 0 && !one.run_to(addresses_[from.instruction], from.passes)) return false;
    return one.step(instructions - from.instruction) && one.at() == addresses_[instructions];
}

}  // namespace seki::test
