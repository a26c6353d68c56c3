// The handlers that this process attached (include/seki/telemetry.hpp), called in line.
//
// 1. What it is: a list of places, which only grows; a place is used again when its handler is gone. No lock, so that a fork in another thread
//    leaves nothing locked in the child.
// 2. Who writes what: `use` of a place is {calls under way:62 | phase:2}, by CAS: free -> claimed -> attached by attach(); attached -> detached by
//    detach(); calls up and down by who calls; {0, detached} -> claimed -> free by the one that destroys the handler.
// 3. Invariants: handler and mask change only in phase claimed. Who has raised the calls of an attached place may call its handler.
// 4. A fork: the calls under way in other threads of the parent are never taken back in the child. Such a place is not used again there.
// 5. A stale read: of the count of handlers: an event around the attaching or detaching is told or not.
#pragma once

#include <cstdint>

#include <seki/telemetry.hpp>

#include "primitives/event_types.hpp"
#include "shm/memory.hpp"

namespace seki::primitives::hooks {

extern constinit shm::word attached;  // how many handlers there are

[[nodiscard]] inline bool any() noexcept { return shm::hardware::load_relaxed(attached) != 0; }

struct place;
[[nodiscard]] place* attach(event_mask wanted, telemetry::Handler handler);
void detach(place* from) noexcept;

// Whether this thread is in a handler now: what happens there is not told to handlers.
[[nodiscard]] bool inside() noexcept;

void call(layout::event_kind kind, const telemetry::Event& event) noexcept;

[[nodiscard]] std::uint64_t failures() noexcept;

}  // namespace seki::primitives::hooks
