// States from which an exploration has gone on before, or is about to, each with how much was left of the bounds then: support/interleaving.hpp says what a state is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace seki::test {

// What is left of the bounds of an exploration.
struct allowance {
    int preemptions = 0;
    int deaths = 0;
    int old_reads = 0;
};

// A table of 16 bytes a state, which doubles up to 256 MiB, with half as much again while it does: so 12 million states. Who comes to more is not recognised any more, and goes on as if every state were new.
// A state is known by 64 bits: of 12 million, two are taken for one with odds of 1 to 250,000.
class known_states {
public:
    // Whether somebody was here with at least as much left of each bound. If not, somebody was now.
    bool were_here(std::uint64_t state, const allowance& left) {
        if (left.preemptions >= most_preemptions || left.deaths >= kinds || left.old_reads >= kinds) return false;
        if (state == nobody) state = ~nobody;
        std::size_t at = place_of(state);
        if (entries_[at].state == nobody) {
            if (used_ >= entries_.size() / 4 * 3) {
                if (entries_.size() >= most_entries) return false;
                grow();
                at = place_of(state);
            }
            ++used_;
            entries_[at].state = state;
        }
        return entries_[at].covers_or_adds(left);
    }
    [[nodiscard]] std::size_t size() const { return used_; }

private:
    static constexpr std::uint64_t nobody = 0;
    static constexpr int kinds = 4, most_preemptions = 15;
    static constexpr std::size_t fewest_entries = std::size_t{1} << 10, most_entries = std::size_t{1} << 24;

    struct entry {
        std::uint64_t state = nobody;
        // For each number of deaths and old reads that were left, four bits: one more than the most preemptions that were left with them.
        std::uint64_t most_left = 0;

        [[nodiscard]] static int shift(int deaths, int old_reads) { return 4 * (kinds * deaths + old_reads); }
        bool covers_or_adds(const allowance& left) {
            const std::uint64_t wanted = static_cast<std::uint64_t>(left.preemptions) + 1;
            for (int deaths = left.deaths; deaths < kinds; ++deaths)
                for (int old_reads = left.old_reads; old_reads < kinds; ++old_reads)
                    if ((most_left >> shift(deaths, old_reads) & 0xf) >= wanted) return true;
            const int here = shift(left.deaths, left.old_reads);
            most_left = (most_left & ~(std::uint64_t{0xf} << here)) | wanted << here;
            return false;
        }
    };

    // Where it stands, or would.
    [[nodiscard]] std::size_t place_of(std::uint64_t state) const {
        const std::size_t mask = entries_.size() - 1;
        std::size_t at = state & mask;
        while (entries_[at].state != nobody && entries_[at].state != state) at = (at + 1) & mask;
        return at;
    }
    void grow() {
        std::vector<entry> smaller(2 * entries_.size());
        std::swap(smaller, entries_);
        for (const entry& each : smaller)
            if (each.state != nobody) entries_[place_of(each.state)] = each;
    }

    std::vector<entry> entries_ = std::vector<entry>(fewest_entries);
    std::size_t used_ = 0;
};

}  // namespace seki::test
