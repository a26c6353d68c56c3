// The handlers that this process attached (include/seki/telemetry.hpp), called in line.
//
// 1. What it is: a list of places, which only grows; a place is used again when its handler is gone. No lock, so that a fork in another thread
//    leaves nothing locked in the child.
// 2. Who writes what: `use` of a place is {calls under way:30 | kinds wanted:32 | phase:2}, by CAS: free -> claimed -> attached by attach();
//    attached -> detached by detach(); calls up and down by who calls; {0, detached} -> claimed -> free by the one that destroys the handler.
//    `wanted` is {changes:32 | kinds that some place wants:32}, by CAS: after a place was attached or detached, from what all places want by then.
// 3. Invariants: a handler changes only in phase claimed. Who has raised the calls of an attached place may call its handler. `wanted` lacks no kind of
//    a handler whose attach() returned: whoever renews it reads it first, then the places, and each renewal counts as a change.
// 4. A fork: the calls under way in other threads of the parent are never taken back in the child. Such a place is not used again there.
//    One that was forked in the middle of a detach() may have more kinds in `wanted` than handlers, until the next one.
// 5. A stale read, of `wanted` or of a place: an event around the attaching or detaching is told or not.
#pragma once

#include <cstdint>

#include <seki/telemetry.hpp>

#include "primitives/event_types.hpp"
#include "shm/memory.hpp"

namespace seki::primitives::hooks {

inline constexpr unsigned kind_bits = 32;
inline constexpr event_mask kinds_mask = (event_mask{1} << kind_bits) - 1;
static_assert(static_cast<unsigned>(layout::last_event_kind) < kind_bits);

extern constinit shm::word wanted;

// Whether some handler wants an event of these kinds.
[[nodiscard]] inline bool want(event_mask kinds) noexcept {
    return (shm::hardware::load_relaxed(wanted) & kinds & kinds_mask) != 0;
}

struct place;
[[nodiscard]] place* attach(event_mask kinds, telemetry::Handler handler);
void detach(place* from) noexcept;

// Whether this thread is in a handler now: what happens there is not told to handlers.
[[nodiscard]] bool inside() noexcept;

void call(layout::event_kind kind, const telemetry::Event& event) noexcept;

[[nodiscard]] std::uint64_t failures() noexcept;

}  // namespace seki::primitives::hooks
