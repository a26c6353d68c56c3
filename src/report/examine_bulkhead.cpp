#include "report/examine_bulkhead.hpp"

#include <fmt/format.h>

#include "primitives/bulkhead_family.hpp"
#include "report/examine_terms.hpp"
#include "shm/bulkhead_piece.hpp"
#include "shm/liveness.hpp"
#include "shm/permit_seeker.hpp"

namespace seki::report {
namespace {

// Names that no process of this segment can have. Those of processes that died are given back by whoever comes first, and are no mistake.
void examine_names(examination& into, const shm::placement& at, const shm::permits<>& table, const char* what) {
    table.for_each([&](std::uint32_t index, std::uint64_t owner) {
        if (shm::holder_named(owner).slot < into.where().processes().size()) return;
        into.add(invariant::permit_owned, fmt::format("bulkhead \"{}\", {} {}", at.name, what, index),
                 "it belongs to a process slot that there is not; repair gives it back", [table, index, owner] {
                     shm::permit held{owner, shm::claim_process_token(), index};
                     table.give_back(held);
                 });
    });
}

// Between the terms and these an administrator may have died, so they may differ; but each is one that could have been set.
void examine_control(examination& into, const shm::placement& at, const shm::permits<>& table, const char* what) {
    if (table.sound()) return;
    into.add(invariant::permits_sound, fmt::format("bulkhead \"{}\", the table of its {}", at.name, what),
             "its maximum lies beyond its size, or beyond where permits are still looked for; repair sets it anew",
             [table, max = table.max()] {
                 table.set_max(max == 0 ? 1 : 0);
                 table.set_max(max);
             });
}

}  // namespace

void examine_bulkhead(examination& into, const shm::placement& at) {
    into.judge_by(shm::terms_version(shm::directory{into.where()}.entry(at.index)));
    examine_terms(into, at, [&](const auto& values) { return is_compiled<BulkheadOptions>(values, at); });
    const auto permits = shm::permits_of(into.where(), at);
    examine_control(into, at, permits.table(), "permits");
    examine_control(into, at, permits.room(), "waiters");
    examine_names(into, at, permits.table(), "permit");
    examine_names(into, at, permits.room(), "waiter");
    into.judge_by(0);
}

}  // namespace seki::report
