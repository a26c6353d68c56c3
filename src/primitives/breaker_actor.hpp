// Who calls a breaker, as shm/breaker.hpp asks for it: the machine's clock, the kernel's word on who lives, and what is told of transitions.
#pragma once

#include <cstddef>
#include <cstdint>

#include <seki/breaker.hpp>

#include "layout/breaker.hpp"
#include "primitives/clock.hpp"
#include "primitives/telemetry.hpp"
#include "shm/asking_time.hpp"
#include "shm/breaker.hpp"
#include "shm/directory.hpp"
#include "shm/memory.hpp"
#include "shm/permit_seeker.hpp"
#include "shm/segment.hpp"

namespace seki::primitives {

// Tells who listens of a transition. By the one who made it, who may have been stopped since.
inline void tell_transition(const emitter& events, const shm::transition& made) noexcept {
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
    onlooker(const shm::segment& where, const shm::placement& at, const emitter& events) noexcept
        : where_{&where}, at_{&at}, events_{&events} {}
    [[nodiscard]] static std::uint64_t now() noexcept { return read_clock(Clock::precise); }
    [[nodiscard]] bool alive(std::uint64_t owner) const noexcept { return shm::holder_lives(*where_, owner); }
    [[nodiscard]] bool tired() noexcept { return asking_.over(shm::asking_ns); }
    // Acquire, which pairs with the deletion: what another breaker wrote in this memory, it wrote after that.
    [[nodiscard]] bool stands() const noexcept {
        return shm::hardware::load_acquire(where_->directory()[at_->index].incarnation) == at_->incarnation;
    }
    void moved(const shm::transition& made) const noexcept { tell_transition(*events_, made); }
    [[nodiscard]] static std::uint64_t owner() noexcept { return 0; }

private:
    const shm::segment* where_;
    const shm::placement* at_;
    const emitter* events_;
    shm::asking_time asking_;
};

}  // namespace seki::primitives
