// Where the events of a primitive go: to the handlers of this process (primitives/hooks.hpp), and into the ring of the calling thread
// (shm/event_ring.hpp), from which sekid takes them.
//
// Rare events (a change of state, a permit reclaimed) always go. Those of ordinary calls only while watched() says so, which is all that
// they cost otherwise: a look at two words. A full ring drops and counts.
//
// For a hot path:      if (events_.watched()) [[unlikely]] events_.breaker_call(...);
// For what is rare:    events_.breaker_state_change(...);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <seki/limiter.hpp>

#include "algorithm/breaker.hpp"
#include "layout/event.hpp"
#include "primitives/hooks.hpp"
#include "shm/directory.hpp"
#include "shm/event_ring.hpp"
#include "shm/memory.hpp"
#include "shm/workers.hpp"

namespace seki::primitives {

class emitter {
public:
    using nanos = algorithm::nanos;
    using state = algorithm::breaker::state;
    using outcome = algorithm::breaker::outcome;

    // For a primitive that is bound. `keeps_keys`: whether its segment may hold texts of its keys.
    emitter(const shm::attachment& in, const shm::placement& at, bool keeps_keys = false);
    // For who looks after a segment without being attached to it: sekid, which gives back what the dead held. Uses the shared ring.
    emitter(const shm::segment& in, const shm::placement& at);

    // Whether somebody may want the events of ordinary calls.
    [[nodiscard]] bool watched() const noexcept {
        return shm::hardware::load_relaxed(*listening_) != 0 || hooks::any();
    }

    // Whether the primitive that it tells of is still there.
    [[nodiscard]] bool stands() const noexcept {
        return shm::hardware::load_acquire(segment_->directory()[entry_].incarnation) == incarnation_;
    }

    // Of ordinary calls: when watched().
    struct key {
        std::uint64_t tag = 0;
        std::string_view text;
    };
    void limiter_decision(const Decision& answer, const key& of, std::uint64_t cost, nanos now) const noexcept;
    // `in`: the state that let the call in. `took`: how long it took.
    void breaker_call(state in, outcome what, nanos took, nanos now) const noexcept;
    void breaker_rejected(state in, nanos now) const noexcept;
    void bulkhead_acquire(std::uint64_t current, std::uint64_t available) const noexcept;
    void bulkhead_release(std::uint64_t current, std::uint64_t available) const noexcept;
    void bulkhead_rejected(std::uint64_t current, std::uint64_t available) const noexcept;

    // Rare ones.
    void breaker_state_change(state from, state to, std::uint32_t generation, nanos now) const noexcept;
    // An event for each permit. Thousands may come back at once, in somebody's call: those that find no room are counted in one step.
    void bulkhead_reclaimed(std::uint64_t current, std::uint64_t available, std::uint64_t permits = 1) const noexcept;

private:
    struct happening {
        layout::event_kind kind = layout::event_kind::none;
        nanos now = 0;
        std::uint64_t first = 0, second = 0;
        std::uint8_t result = 0, detail = 0;
        const key* of = nullptr;
    };

    struct target {
        layout::worker_slot* slot;
        std::uint64_t who;
        bool shared;
    };

    [[gnu::noinline]] void tell(const happening& what) const noexcept;
    void tell_handlers(const happening& what) const noexcept;
    void push(const happening& what) const noexcept;
    void push_each(const happening& what, std::uint64_t how_many) const noexcept;
    [[nodiscard]] shm::event_content content_of(const happening& what, std::uint64_t who) const noexcept;
    [[nodiscard]] target ring_of_caller() const noexcept;
    void permits(layout::event_kind kind, std::uint64_t current, std::uint64_t available) const noexcept;
    [[nodiscard]] bool is_wanted(const happening& what) const noexcept;
    [[nodiscard]] bool listens(nanos now) const noexcept;

    const shm::segment* segment_;
    const shm::attachment* attachment_ = nullptr;  // null: not attached
    layout::word* listening_;
    bool writable_;
    std::uint32_t entry_;
    std::uint64_t incarnation_;
    std::string name_;
    bool keeps_keys_ = false;
};

}  // namespace seki::primitives
