#include "report/examine_counts.hpp"

#include <unordered_map>

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

void examine_own_counts(examination& into, const std::vector<shm::placement>& standing) {
    const shm::segment& where = into.where();
    std::unordered_map<std::uint64_t, std::size_t> entries;
    for (const shm::placement& each : standing) entries.emplace(each.incarnation, each.index);
    for (std::size_t worker = 0; worker < where.parts().max_workers; ++worker)
        for (std::size_t entry = 0; entry < where.counters(worker).size(); ++entry) {
            layout::counter_block& block = where.counters(worker)[entry];
            const std::uint64_t found = hardware::load_acquire(block.incarnation);
            const auto place = [&] { return fmt::format("worker slot {}, counters of entry {}", worker, entry); };
            // An incarnation is of one entry for ever. One that stands was issued, whatever the counter says.
            if (const auto stands = entries.find(found); stands != entries.end()) {
                if (stands->second != entry)
                    into.add(invariant::counts_placed, place(),
                             fmt::format("they are of incarnation {}, which stands in entry {}; repair empties them",
                                         found, stands->second),
                             examination::exchange(block.incarnation, found, 0));
            } else if (found > hardware::load_acquire(where.header().next_incarnation)) {  // which was raised before
                into.add(invariant::counts_owned, place(),
                         "they are of an incarnation that was not issued, and never count again; repair empties them",
                         examination::exchange(block.incarnation, found, 0));
            }
        }
}

void examine_unclaimed_counts(examination& into) {
    const shm::segment& where = into.where();
    for (layout::counter_block& block : where.counters(where.parts().max_workers)) {
        const std::uint64_t found = hardware::load_acquire(block.incarnation);
        const bool marked = (found & shm::shared_mark) != 0;
        const std::uint64_t incarnation = found & ~shm::shared_mark;
        if (marked ? incarnation <= hardware::load_acquire(where.header().next_incarnation) : found == 0) continue;
        const auto entry = static_cast<std::size_t>(&block - where.counters(where.parts().max_workers).data());
        // What stands there has its own invariant.
        if (hardware::load_acquire(where.directory()[entry].incarnation) != 0) continue;
        into.add(
            invariant::shared_counts_marked, fmt::format("shared counters of entry {}", entry),
            fmt::format("nothing stands there, and they are said to be {:016x}'s; repair makes them nobody's", found),
            examination::exchange(block.incarnation, found, shm::shared_mark));
    }
}

}  // namespace seki::report
