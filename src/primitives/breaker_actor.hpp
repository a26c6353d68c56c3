// Who calls a breaker, as shm/breaker.hpp asks for it: the machine's clock, the kernel's word on who lives, and what is told of transitions.
#pragma once

#include <cstddef>
#include <cstdint>

#include <seki/breaker.hpp>

#include "layout/breaker.hpp"
#include "primitives/clock.hpp"
#include "primitives/telemetry.hpp"
#include "shm/breaker.hpp"
#include "shm/memory.hpp"
#include "shm/permit_seeker.hpp"
#include "shm/segment.hpp"

namespace seki::primitives {

// Counts a transition, and tells who listens. By the one who made it, who may have been stopped since.
inline void tell_transition(layout::breaker_block& block, const emitter& events, const shm::transition& made) noexcept {
    layout::word& count = block.transitions[static_cast<std::size_t>(made.from)][static_cast<std::size_t>(made.to)];
    // Read before the look at the entry, the count was this breaker's; if it is deleted after that, the swap finds something else there. Not an add:
    // where a permit stands by now, it would be somebody else's.
    std::uint64_t seen = shm::hardware::load_acquire(count);
    constexpr int max_rounds = 1'000;  // lost to others that count the same transition, or to a scribbler
    for (int round = 0; round < max_rounds && events.stands(); ++round)
        if (shm::hardware::cas_acq_rel(count, seen, seen + 1)) break;
    events.breaker_state_change(made.from, made.to, made.generation, made.at);
}

// What brings a breaker into the state of a mode.
[[nodiscard]] constexpr algorithm::breaker::event order_of(BreakerMode mode) noexcept {
    switch (mode) {
        case BreakerMode::forced_open: return algorithm::breaker::event::force_open;
        case BreakerMode::forced_closed: return algorithm::breaker::event::force_closed;
        case BreakerMode::observe: return algorithm::breaker::event::observe;
        case BreakerMode::automatic: break;
    }
    return algorithm::breaker::event::automatic;
}

// Who makes no calls: an operator, or sekid.
class onlooker {
public:
    onlooker(const shm::segment& where, const shm::breaker<>& breaker, const emitter& events) noexcept
        : where_{&where}, block_{&breaker.block()}, events_{&events} {}
    [[nodiscard]] static std::uint64_t now() noexcept { return read_clock(Clock::precise); }
    [[nodiscard]] bool alive(std::uint64_t owner) const noexcept { return shm::holder_lives(*where_, owner); }
    void moved(const shm::transition& made) const noexcept { tell_transition(*block_, *events_, made); }
    [[nodiscard]] static std::uint64_t owner() noexcept { return 0; }

private:
    const shm::segment* where_;
    layout::breaker_block* block_;
    const emitter* events_;
};

}  // namespace seki::primitives
