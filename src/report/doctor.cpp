#include "report/doctor.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "layout/directory.hpp"
#include "primitives/breaker_upkeep.hpp"
#include "primitives/bulkhead_upkeep.hpp"
#include "primitives/every_family.hpp"
#include "primitives/name.hpp"
#include "report/examination.hpp"
#include "report/examine_adaptive.hpp"
#include "report/examine_breaker.hpp"
#include "report/examine_bulkhead.hpp"
#include "report/examine_counts.hpp"
#include "report/examine_entry.hpp"
#include "report/examine_events.hpp"
#include "report/examine_header.hpp"
#include "report/examine_hedge.hpp"
#include "report/examine_limiter.hpp"
#include "report/examine_policy.hpp"
#include "report/examine_processes.hpp"
#include "report/examine_retry.hpp"
#include "report/examine_shedder.hpp"
#include "report/given_shape.hpp"
#include "report/text.hpp"
#include "shm/administration.hpp"
#include "shm/directory.hpp"
#include "shm/workers.hpp"

namespace seki::report {
namespace {

using shm::hardware;

// Incarnations stamp what is empty in a table, and below this they are never the stamp of a worker (shm/workers.hpp, next_stamp).
constexpr std::uint64_t incarnations_end = 1ULL << 47;
// No counter comes this far. From wherever it is set anew below this, as many can still be made that are below the end.
constexpr std::uint64_t counter_end = incarnations_end / 2;
// Of incarnations that deleted ones may have had, beyond the latest that stands, and whose handles are still about.
constexpr std::uint64_t margin = 1ULL << 20;

class look_around {
public:
    look_around(const shm::segment& where, std::size_t most) : where_{where}, into_{where, most} {}

    std::vector<trouble> run() {
        examine_header(into_);
        examine_reserved(into_);
        look_at_entries();
        look_at_issue();
        look_at_kept();
        for (const auto& each : sound_) examine_primitive(each);
        examine_own_counts(into_, sound_);
        examine_unclaimed_counts(into_);
        examine_processes(into_);
        examine_workers(into_);
        examine_rings(into_);
        return std::move(into_).found();
    }

private:
    void examine_primitive(const shm::placement& at) {
        examine_entry(into_, at);
        if (at.kind == layout::kind::limiter) examine_limiter(into_, at);
        if (at.kind == layout::kind::bulkhead) examine_bulkhead(into_, at);
        if (at.kind == layout::kind::breaker) examine_breaker(into_, at);
        if (at.kind == layout::kind::adaptive) examine_adaptive(into_, at);
        if (at.kind == layout::kind::shedder) examine_shedder(into_, at);
        if (at.kind == layout::kind::retry) examine_retry(into_, at);
        if (at.kind == layout::kind::hedge) examine_hedge(into_, at);
        if (at.kind == layout::kind::policy) examine_policy(into_, at);
        primitives::every_options::each([&]<class Options>() {
            if (at.kind == primitives::family<Options>::kind) examine_counts(into_, at);
        });
    }

    void look_at_entries() {
        const shm::directory directory{where_};
        std::set<std::pair<layout::kind, std::string>> names;
        std::set<std::uint64_t> incarnations;
        for (std::uint32_t index = 0; index < where_.directory().size(); ++index) {
            const std::uint64_t incarnation = hardware::load_acquire(directory.entry(index).incarnation);
            if (incarnation == 0) continue;
            const std::string place = fmt::format("directory entry {}", index);
            const auto found = directory.at(index);
            // Deleted while it was looked at?
            if (hardware::load_acquire(directory.entry(index).incarnation) != incarnation) continue;
            if (!found || incarnation >= incarnations_end) {
                const std::uint64_t kind = hardware::load_acquire(directory.entry(index).kind);
                const bool known = kind != 0 && kind <= static_cast<std::uint64_t>(layout::last_kind);
                into_.add(known ? invariant::entry_fits : invariant::entry_known, place,
                          "its numbers do not fit together: no process can use it; repair deletes it",
                          into_.removal(index));
                continue;
            }
            if (!primitives::check_name(shm::to_string(found->kind), found->name))
                into_.add(
                    invariant::name_valid, place,
                    fmt::format("its name {} could not have been given; repair deletes it", for_terminal(found->name)),
                    into_.removal(index));
            else if (!names.emplace(found->kind, found->name).second)
                into_.add(invariant::name_unique, place,
                          fmt::format("the {} \"{}\" stands twice; repair deletes the second",
                                      shm::to_string(found->kind), found->name),
                          into_.removal(index));
            else if (!incarnations.insert(found->incarnation).second)
                into_.add(invariant::incarnation_unique, place,
                          fmt::format("incarnation {} stands twice; repair deletes the second", found->incarnation),
                          into_.removal(index));
            else if (overlaps_any(*found, sound_))
                into_.add(invariant::arena_disjoint, place,
                          fmt::format("the tables of {} overlap those of another; repair deletes it", found->name),
                          into_.removal(index));
            else if (!is_given_by_options(where_, *found))
                into_.add(invariant::shape_given, place,
                          fmt::format("the tables of {} are divided as no options divide them; repair deletes it",
                                      for_terminal(found->name)),
                          into_.removal(index));
            else
                sound_.push_back(*found);
        }
    }

    // Pieces that nobody uses, and that claim their memory all the same: one that does not fit would do so for ever.
    void look_at_kept() {
        const shm::directory directory{where_};
        std::vector<shm::placement> kept;
        for (const shm::placement& each : directory.list_kept()) {
            layout::directory_entry& entry = directory.entry(each.index);
            const auto forget = [&entry] {
                hardware::store_release(entry.kind, static_cast<std::uint64_t>(layout::kind::none));
            };
            const auto place = [&] { return fmt::format("directory entry {}", each.index); };
            if (!is_given_by_options(where_, each))
                into_.add(invariant::entry_fits, place(),
                          "it keeps memory that no deleted one of its kind had; repair frees it", forget);
            else if (overlaps_any(each, sound_) || overlaps_any(each, kept))
                into_.add(invariant::arena_disjoint, place(),
                          "the memory that it keeps is another's too; repair leaves it to that", forget);
            else
                kept.push_back(each);
        }
    }

    void look_at_issue() {
        const std::uint64_t issued = hardware::load_acquire(where_.header().next_incarnation);
        const auto is_issued = [issued](const shm::placement& each) { return each.incarnation <= issued; };
        if (std::ranges::all_of(sound_, is_issued) && issued < counter_end) return;
        // An entry that leaves no room beyond itself would have the counter set again and again.
        std::uint64_t latest = 0;
        for (const auto& each : sound_)
            if (each.incarnation < counter_end - margin)
                latest = std::max(latest, each.incarnation);
            else
                into_.add(invariant::incarnation_issued, fmt::format("directory entry {}", each.index),
                          fmt::format("no counter comes to its incarnation {}; repair deletes it", each.incarnation),
                          into_.removal(each.index));
        into_.add(invariant::incarnation_issued, "header",
                  fmt::format("incarnation {} was issued, and the latest in use is {}; repair sets the counter anew",
                              issued, latest),
                  [this, latest] { hardware::store_release(where_.header().next_incarnation, latest + margin); });
    }

    // With one that still stands as it was found: what was deleted meanwhile gave its memory to others.
    [[nodiscard]] bool overlaps_any(const shm::placement& one, const std::vector<shm::placement>& others) const {
        return std::ranges::any_of(others, [&](const shm::placement& other) {
            return other.index != one.index && one.arena_offset < other.arena_offset + other.arena_size &&
                   other.arena_offset < one.arena_offset + one.arena_size &&
                   hardware::load_acquire(where_.directory()[other.index].incarnation) == other.incarnation;
        });
    }

    const shm::segment& where_;
    examination into_;
    std::vector<shm::placement> sound_;
};

}  // namespace

std::vector<finding> examine(const shm::segment& where, std::size_t most) {
    std::vector<finding> findings;
    for (auto& each : look_around{where, most}.run()) findings.push_back(std::move(each.told));
    return findings;
}

std::vector<finding> confirmed(std::vector<finding> now, const std::vector<finding>& before) {
    std::erase_if(now, [&](const finding& each) { return std::ranges::find(before, each) == before.end(); });
    return now;
}

Result<std::size_t> repair(const shm::segment& where, std::size_t most) {
    const auto lock = shm::administration::lock(where);
    if (!lock) return std::unexpected(lock.error());
    std::size_t mended = 0;
    // Deleting one primitive can bring another to light, so until nothing is left; each round mends something or is the last. And there are not more findings
    // than words, unless somebody scribbles meanwhile.
    const std::uint64_t rounds = 64 + where.parts().size / sizeof(layout::word) / most;
    for (std::uint64_t round = 0; round < rounds; ++round) {
        // Before the look, not after it: another generation may begin by it, and what somebody scribbled in its name comes to light.
        primitives::settle_changes(*lock, where);
        look_around look{where, most};
        const auto found = look.run();
        if (found.empty()) break;
        for (const auto& each : found) each.mend();
        mended += found.size();
    }
    (void)shm::reap(where);
    const shm::roster standing{where};
    primitives::reclaim_permits(where, standing);
    primitives::finish_changes(*lock, where);
    primitives::reclaim_probes(where, standing);
    return mended;
}

}  // namespace seki::report
