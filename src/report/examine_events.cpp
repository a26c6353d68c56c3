#include "report/examine_events.hpp"

#include <fmt/format.h>

#include "layout/event.hpp"

namespace seki::report {
namespace {

using shm::hardware;

constexpr bool is_behind(std::uint64_t difference) noexcept { return difference >> 63 != 0; }

// In this order, as both numbers only rise: `taken` is at least what it was when there was room for what was pushed. One that is behind is what somebody left
// who was stopped while it pushed (shm/event_ring.hpp, 5).
void examine_room(examination& into, const std::string& place, layout::event_ring& ring) {
    const std::uint64_t pushed = hardware::load_acquire(ring.pushed);
    const std::uint64_t taken = hardware::load_acquire(ring.taken);
    const std::uint64_t held = pushed - taken;
    if (is_behind(held) || held <= layout::event_ring::capacity) return;
    into.add(invariant::ring_possible, place,
             fmt::format("{} events were pushed and {} taken: so many find no room there; repair passes over them",
                         pushed, taken),
             examination::exchange(ring.taken, taken, pushed));
}

void examine_torn(examination& into, const std::string& place, layout::event_ring& ring) {
    const std::uint64_t torn = hardware::load_acquire(ring.torn);
    const std::uint64_t taken = hardware::load_acquire(ring.taken);
    if (torn <= taken) return;
    into.add(invariant::torn_counted, place,
             fmt::format("{} of {} events that were taken are said to be torn; repair counts from 0", torn, taken),
             examination::exchange(ring.torn, torn, 0));
}

// In this order, as it is one that was pushed by then. Where `pushed` is behind, the next event has the number that was taken. By their distance: what a scribbler wrote
// may be one of the last numbers before 0, and no ring comes to half of them.
void examine_doubt(examination& into, const std::string& place, layout::event_ring& ring, bool shared) {
    constexpr std::uint64_t half = 1ULL << 62;
    const std::uint64_t doubted = hardware::load_acquire(ring.doubted);
    const std::uint64_t pushed = hardware::load_acquire(ring.pushed);
    const std::uint64_t taken = hardware::load_acquire(ring.taken);
    const std::uint64_t last = is_behind(pushed - taken) ? taken : pushed;
    if (shared ? last - doubted < half : doubted == 0) return;
    into.add(invariant::doubt_possible, place,
             fmt::format("event {} of {} is doubted, and cannot be; repair doubts none", doubted, last),
             examination::exchange(ring.doubted, doubted, shared ? taken : 0));
}

}  // namespace

void examine_rings(examination& into) {
    const std::size_t shared = into.where().parts().max_workers;
    for (std::size_t index = 0; index <= shared; ++index) {
        layout::event_ring& ring = into.where().worker(index).events;
        const std::string place = fmt::format("worker slot {}, events", index);
        examine_room(into, place, ring);
        examine_torn(into, place, ring);
        examine_doubt(into, place, ring, index == shared);
    }
}

}  // namespace seki::report
