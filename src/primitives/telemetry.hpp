// Where the events of a primitive go: to the handlers of this process (primitives/hooks.hpp), and into the ring of the calling thread
// (shm/event_ring.hpp), from which sekid takes them.
//
// Rare events (a change of state, a permit reclaimed) always go. Those of ordinary calls only while watched() says so, which is all that
// they cost otherwise: a look at two words. Whether one of those that are watched is told to anybody (there is a sample, and there may be no room) is
// decided before anything is found out for it. A full ring drops and counts.
//
// For a hot path:      if (emitter::watched(identity_->listening, emitter::breaker_calls)) [[unlikely]] events_.breaker_call(...);
// For what is rare:    events_.breaker_state_change(...);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <seki/limiter.hpp>

#include "algorithm/breaker.hpp"
#include "layout/event.hpp"
#include "primitives/clock.hpp"
#include "primitives/event_types.hpp"
#include "primitives/hooks.hpp"
#include "shm/directory.hpp"
#include "shm/event_ring.hpp"
#include "shm/memory.hpp"
#include "shm/workers.hpp"

namespace seki::primitives {

// How permits stand.
struct permits_now {
    std::uint64_t current = 0;
    std::uint64_t available = 0;  // of an adaptive limit: the limit
};

class emitter {
public:
    using nanos = algorithm::nanos;
    using state = algorithm::breaker::state;
    using outcome = algorithm::breaker::outcome;

    // For a primitive that is bound. `keeps_keys`: whether its segment may hold texts of its keys.
    emitter(const shm::attachment& in, const shm::placement& at, bool keeps_keys = false);
    // For who looks after a segment without being attached to it: sekid, which gives back what the dead held. Uses the shared ring.
    emitter(const shm::segment& in, const shm::placement& at);

    static constexpr event_mask limiter_decisions =
        mask_of(layout::event_kind::limiter_allow) | mask_of(layout::event_kind::limiter_deny);
    static constexpr event_mask breaker_calls = mask_of(layout::event_kind::breaker_call);
    static constexpr event_mask retry_events =
        mask_of(layout::event_kind::retry_attempt) | mask_of(layout::event_kind::retry_retry) |
        mask_of(layout::event_kind::retry_success) | mask_of(layout::event_kind::retry_exhausted);

    // Whether somebody may want events of ordinary calls, of these kinds.
    [[nodiscard]] bool watched(event_mask kinds) const noexcept { return watched(*listening_, kinds); }
    // The same, for a hot path that has the segment's word at hand.
    [[nodiscard]] static bool watched(const layout::word& listening, event_mask kinds) noexcept {
        return shm::hardware::load_relaxed(listening) != 0 || hooks::want(kinds);
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
    // What a primitive that has permits calls it that a bulkhead calls `kind`: a bulkhead the same.
    [[nodiscard]] layout::event_kind name_of(layout::event_kind kind) const noexcept {
        if (kind_ == layout::kind::shedder) return layout::event_kind::shed_reclaimed;  // nothing else that both have
        return kind_ == layout::kind::adaptive ? as_adaptive(kind) : kind;
    }
    // An acquire, a release or a rejection, by name_of(). look() answers permits_now, for which it reads them all: it is called when somebody is told.
    template <class Look>
    void bulkhead_call(layout::event_kind kind, const Look& look) const noexcept {
        const nanos now = read_clock(Clock::precise);
        if (const audience to = audience_of(kind, 0, now)) tell_permits(to, kind, look(), now);
    }

    // Of a shedder: when watched(). `measured`: what is in flight, or how many CoDel dropped.
    void shedder_call(layout::event_kind kind, unsigned priority, std::uint64_t measured) const noexcept;

    // Of retries: each looks itself whether somebody may want it. `error`: what the attempt came to; none: a success. `why` there is no other.
    void retry_attempt(std::uint64_t attempt, Errc error) const noexcept;
    void retry_retry(std::uint64_t attempt, nanos delay, Errc error) const noexcept;
    void retry_success(std::uint64_t attempt) const noexcept;
    void retry_exhausted(std::uint64_t attempts, Errc why) const noexcept;

    // A hedged call that took so long, with how many attempts it came to its end.
    void hedge_complete(hedge_status how, std::size_t attempts, nanos took) const noexcept;

    // Rare ones.
    void breaker_state_change(state from, state to, std::uint32_t generation, nanos now) const noexcept;
    // An event for each permit. Thousands may come back at once, in somebody's call: those that find no room are counted in one step.
    void bulkhead_reclaimed(std::uint64_t current, std::uint64_t available, std::uint64_t permits = 1) const noexcept;
    // Looks itself whether somebody may want it.
    void adaptive_limit_change(std::uint64_t from, std::uint64_t to) const noexcept;

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

    void tell_retry(layout::event_kind kind, std::uint64_t attempt, nanos delay, Errc error) const noexcept;

    // Whom something is told to.
    struct audience {
        std::optional<target> ring{};
        bool handlers = false;
        explicit operator bool() const noexcept { return ring || handlers; }
    };

    // Of `detail`, the outcome of a breaker's call matters. What is wanted and finds no room is counted as dropped.
    [[nodiscard]] audience audience_of(layout::event_kind kind, std::uint8_t detail, nanos now) const noexcept;
    [[gnu::noinline]] void tell(const happening& what) const noexcept;
    void tell(const audience& to, const happening& what) const noexcept;
    void tell_permits(const audience& to, layout::event_kind kind, const permits_now& permits,
                      nanos now) const noexcept;
    void tell_handlers(const happening& what) const noexcept;
    void push_each(const happening& what, std::uint64_t how_many) const noexcept;
    [[nodiscard]] shm::event_content content_of(const happening& what, std::uint64_t who) const noexcept;
    [[nodiscard]] target ring_of_caller() const noexcept;
    [[nodiscard]] bool is_wanted(layout::event_kind kind, std::uint8_t detail, nanos now) const noexcept;
    [[nodiscard]] bool listens(nanos now) const noexcept;

    const shm::segment* segment_;
    const shm::attachment* attachment_ = nullptr;  // null: not attached
    layout::word* listening_;
    bool writable_;
    std::uint32_t entry_;
    std::uint64_t incarnation_;
    std::string name_;
    bool keeps_keys_ = false;
    layout::kind kind_ = layout::kind::none;  // of the primitive
};

}  // namespace seki::primitives
