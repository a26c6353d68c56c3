#include "report/examine_counts.hpp"

#include <fmt/format.h>

#include "shm/breaker_piece.hpp"
#include "shm/bulkhead_piece.hpp"
#include "shm/counters.hpp"

namespace seki::report {
namespace {

using shm::hardware;

bool still_stands(const examination& into, const shm::placement& at) noexcept {
    return hardware::load_acquire(into.where().directory()[at.index].incarnation) == at.incarnation;
}

void examine_durations(examination& into, const shm::placement& at, const shm::histogram<>& durations) {
    if (durations.sound() || !still_stands(into, at)) return;
    into.add(invariant::counts_owned, fmt::format("{} \"{}\", durations", shm::to_string(at.kind), at.name),
             "some are said to be another's, and nobody adds to them; repair makes them its own",
             [durations] { durations.claim(); });
}

}  // namespace

void examine_counts(examination& into, const shm::placement& at) {
    layout::counter_block& shared = into.where().counters(into.where().parts().max_workers)[at.index];
    const std::uint64_t wanted = at.incarnation | shm::shared_mark;
    if (hardware::load_acquire(shared.incarnation) != wanted && still_stands(into, at))
        into.add(invariant::counts_owned, fmt::format("{} \"{}\", shared counters", shm::to_string(at.kind), at.name),
                 "they are said to be another's, and nobody adds to them; repair makes them its own",
                 [&shared, wanted] { hardware::store_release(shared.incarnation, wanted); });
    if (at.kind == layout::kind::breaker) examine_durations(into, at, shm::call_durations_of(into.where(), at));
    if (at.kind == layout::kind::bulkhead || at.kind == layout::kind::adaptive)
        examine_durations(into, at, shm::waits_of(into.where(), at));
}

void examine_own_counts(examination& into) {
    const shm::segment& where = into.where();
    for (std::size_t worker = 0; worker < where.parts().max_workers; ++worker)
        for (std::size_t entry = 0; entry < where.counters(worker).size(); ++entry) {
            layout::counter_block& block = where.counters(worker)[entry];
            // In this order: the incarnation was issued before anybody counted for it.
            const std::uint64_t found = hardware::load_acquire(block.incarnation);
            if (found <= hardware::load_acquire(where.header().next_incarnation)) continue;
            into.add(invariant::counts_owned, fmt::format("worker slot {}, counters of entry {}", worker, entry),
                     "they are of an incarnation that was not issued, and never count again; repair empties them",
                     [&block] { hardware::store_release(block.incarnation, 0); });
        }
}

}  // namespace seki::report
