// The state of a key that is new now, and whether a key is as good as that.
#pragma once

#include <cstdint>

#include "algorithm/outcome.hpp"
#include "primitives/clock.hpp"
#include "primitives/law.hpp"
#include "shm/directory.hpp"

namespace seki::primitives {

// By terms that were in force when the clock was read: terms of the past with a later time number a window that the next terms do not reach for long
// (algorithm/window_number.hpp), and for so long the key would be denied. `clock(which)` answers nanoseconds of CLOCK_MONOTONIC.
template <class Time>
[[nodiscard]] std::uint64_t fresh_state(const layout::directory_entry& entry, Time clock) noexcept {
    constexpr int rounds =
        8;  // more often only somebody who scribbles there changes terms; then any state will do that lets nobody spend twice
    std::uint64_t state = 0;
    for (int round = 0; round < rounds; ++round) {
        const std::uint64_t version = shm::terms_version(entry);
        const algorithm::nanos now = clock(modes_of(shm::read_term(entry, version, layout::term_modes)).clock);
        const packed_terms values = shm::read_values(entry, version);
        state = with_law(values, [now](const auto& law) { return law.fresh(now); });
        if (shm::in_force(entry, version)) break;
    }
    return state;
}

// Whether a key of that state may lose its slot. By the caller's clock, and by the coarse one too, which is behind the other: the next to insert the key may go by
// that, where terms change from the one to the other, and is not to be earlier than who judged (shm/key_table.hpp, fresh).
template <class Law, class Time>
[[nodiscard]] bool is_spare(const Law& law, std::uint64_t state, algorithm::nanos now, Time clock) noexcept {
    return law.as_good_as_new(state, now) && law.as_good_as_new(state, clock(Clock::coarse));
}

}  // namespace seki::primitives
