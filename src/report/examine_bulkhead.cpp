#include "report/examine_bulkhead.hpp"

#include <fmt/format.h>

#include "primitives/bulkhead_family.hpp"
#include "primitives/clock.hpp"
#include "report/examine_terms.hpp"
#include "report/names.hpp"
#include "shm/bulkhead_piece.hpp"

namespace seki::report {
namespace {

constexpr std::uint64_t slack = 1'000'000'000;  // by which no two clocks of a host differ

// Names that no process of this segment can have. Those of processes that died are given back by whoever comes first, and are no mistake.
void examine_names(examination& into, const shm::placement& at, const shm::permits<>& table, const char* what) {
    table.for_each([&](std::uint32_t index, std::uint64_t owner) {
        const name_standing found = look_at_name(into.where(), owner);
        if (found == name_standing::issued) return;
        const bool nowhere = found == name_standing::of_no_slot;
        into.add(nowhere ? invariant::permit_owned : invariant::permit_issued,
                 fmt::format("{} \"{}\", {} {}", shm::to_string(at.kind), at.name, what, index),
                 nowhere ? "it belongs to a process slot that there is not; repair gives it back"
                         : fmt::format("it belongs to generation {} of a process slot that has not come to it; repair "
                                       "gives it back",
                                       layout::owner_generation(owner)),
                 [table, index, owner] {
                     shm::permit held{owner, shm::claim_process_token(), index};
                     table.give_back(held);
                 });
    });
}

// Each is one that could have been set.
void examine_control(examination& into, const shm::placement& at, const shm::permits<>& table, const char* what) {
    if (table.sound()) return;
    into.add(invariant::permits_sound,
             fmt::format("{} \"{}\", the table of its {}", shm::to_string(at.kind), at.name, what),
             "its maximum lies beyond its size, or beyond where permits are still looked for; repair sets it anew",
             [table] { table.set_right(); });
}

// Of who asked for permits, read before the clock: the coarse one is never ahead of it.
void examine_hints(examination& into, const shm::placement& at, const shm::permits<>& table, const char* what) {
    const std::uint64_t latest = table.latest_hint();
    if (latest <= primitives::read_clock(Clock::precise) + slack) return;
    into.add(invariant::hints_past,
             fmt::format("{} \"{}\", the table of its {}", shm::to_string(at.kind), at.name, what),
             fmt::format("somebody looked there at {} ns, which is in the future; repair forgets that", latest),
             [table] { table.forget_hints(); });
}

// Between the terms and these an administrator may have died: then they are those of before, and upkeep sets them. No others stand there, for who
// changes terms first finishes what another began.
void examine_maxima(examination& into, const shm::placement& at, const shm::permit_pool<>& permits) {
    const auto& entry = shm::directory{into.where()}.entry(at.index);
    const std::uint64_t version = shm::terms_version(entry);
    const auto of = [&](std::uint64_t which) {
        return primitives::family<BulkheadOptions>::options_of(
            shm::read_values<shm::hardware, layout::terms_in_block>(entry, which), at.shape);
    };
    const BulkheadOptions now = of(version), before = of(version - 1);
    const auto look_at = [&](const char* what, std::uint64_t max, std::uint64_t is, std::uint64_t was) {
        if (max == is || max == was || !shm::in_force(entry, version)) return;
        into.add(invariant::maxima_agree, fmt::format("bulkhead \"{}\", the table of its {}", at.name, what),
                 fmt::format("its maximum is {}, and by the terms of the bulkhead it is {}; repair sets that", max, is),
                 [permits, now] {
                     permits.set_right();
                     permits.set_max_waiting(now.max_waiting);
                     permits.set_max(now.max_concurrent);
                 });
    };
    look_at("permits", permits.max(), now.max_concurrent, before.max_concurrent);
    look_at("waiters", permits.max_waiting(), now.max_waiting, before.max_waiting);
}

}  // namespace

bool examine_permits(examination& into, const shm::placement& at) {
    const auto permits = shm::permits_of(into.where(), at);
    examine_control(into, at, permits.table(), "permits");
    const bool sheds = at.kind == layout::kind::shedder;
    examine_control(into, at, permits.room(), sheds ? "places beyond the maximum" : "waiters");
    examine_hints(into, at, permits.table(), "permits");
    examine_hints(into, at, permits.room(), sheds ? "places beyond the maximum" : "waiters");
    examine_names(into, at, permits.table(), "permit");
    examine_names(into, at, permits.room(), sheds ? "place beyond the maximum" : "waiter");
    return permits.table().sound() && permits.room().sound();
}

void examine_bulkhead(examination& into, const shm::placement& at) {
    into.judge_by(shm::terms_version(shm::directory{into.where()}.entry(at.index)));
    examine_terms(into, at, [&](const auto& values) { return is_compiled<BulkheadOptions>(values, at); });
    if (examine_permits(into, at)) examine_maxima(into, at, shm::permits_of(into.where(), at));
    into.judge_by(0);
}

}  // namespace seki::report
