#include "report/examine_shedder.hpp"

#include <fmt/format.h>

#include "primitives/shedder_family.hpp"
#include "report/examine_bulkhead.hpp"
#include "report/examine_terms.hpp"
#include "shm/bulkhead_piece.hpp"

namespace seki::report {
namespace {

// Between the terms and this an administrator may have died: then it is that of the terms before, and upkeep sets it.
void examine_maximum(examination& into, const shm::placement& at) {
    const auto& entry = shm::directory{into.where()}.entry(at.index);
    const std::uint64_t version = shm::terms_version(entry);
    const auto of = [&](std::uint64_t which) {
        return primitives::family<ShedderOptions>::options_of(
                   shm::read_values<shm::hardware, layout::terms_in_block>(entry, which), at.shape)
            .max_in_flight;
    };
    const auto permits = shm::shedder_places_of(into.where(), at).within();
    const std::uint64_t max = permits.max(), now = of(version), before = of(version - 1);
    if (max == now || max == before || !shm::in_force(entry, version)) return;
    into.add(invariant::maxima_agree, fmt::format("shedder \"{}\", the table of its places", at.name),
             fmt::format("its maximum is {}, and by the terms of the shedder it is {}; repair sets that", max, now),
             [permits, now] { permits.set_max(now); });
}

}  // namespace

void examine_shedder(examination& into, const shm::placement& at) {
    into.judge_by(shm::terms_version(shm::directory{into.where()}.entry(at.index)));
    examine_terms(into, at, [&](const auto& values) { return is_compiled<ShedderOptions>(values, at); });
    if (examine_permits(into, at)) examine_maximum(into, at);
    into.judge_by(0);
}

}  // namespace seki::report
