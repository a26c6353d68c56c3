// The floor: what any shared rate limiter has to do, and nothing else. Hash the key, ask for its line, read the clock, one
// 16-byte compare-and-swap on that line. Measured in the same run as what is compared with it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "primitives/clock.hpp"
#include "shm/fingerprint.hpp"
#include "shm/memory.hpp"

namespace seki::bench {

class floor {
public:
    // A region of lines for keys to fall into; shared when several processes measure.
    floor(std::span<layout::pair> region, const shm::fingerprint& hash, Clock clock) noexcept
        : region_{region}, hash_{hash}, clock_{clock} {}

    std::uint64_t operator()(std::string_view key) const noexcept {
        const std::uint64_t tag = hash_(key);
        __extension__ typedef unsigned __int128 wide;
        constexpr std::size_t pairs_per_line = layout::cache_line / sizeof(layout::pair);
        const std::size_t lines = region_.size() / pairs_per_line;
        layout::pair& slot =
            region_[static_cast<std::size_t>(static_cast<wide>(tag << 1) * lines >> 64) * pairs_per_line];
        shm::hardware::prefetch_for_write(&slot);
        const std::uint64_t now = primitives::read_clock(clock_);
        for (;;) {
            const layout::pair_value seen{shm::hardware::load_first_acquire(slot),
                                          shm::hardware::load_second_acquire(slot)};
            if (shm::hardware::cas_pair(slot, seen, {tag, now})) return now;
        }
    }

private:
    std::span<layout::pair> region_;
    const shm::fingerprint& hash_;
    Clock clock_;
};

}  // namespace seki::bench
