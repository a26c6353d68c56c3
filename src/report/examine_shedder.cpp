#include "report/examine_shedder.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "primitives/clock.hpp"
#include "primitives/shedder_family.hpp"
#include "primitives/shedder_terms.hpp"
#include "report/examine_bulkhead.hpp"
#include "report/examine_terms.hpp"
#include "shm/bulkhead_piece.hpp"

namespace seki::report {
namespace {

// Between the terms and this an administrator may have died: then it is that of the terms before, and upkeep sets it. No other stands there, for who
// changes terms first finishes what another began.
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
             [permits, now] {
                 permits.set_right();
                 permits.set_max(now);
             });
}

// It is opened by so many places at a time, up to the last one, and closed as a whole (shm/shedder_places.hpp).
void examine_beyond(examination& into, const shm::placement& at) {
    const auto beyond = shm::shedder_places_of(into.where(), at).beyond();
    const std::uint64_t max = beyond.max(), step = shm::shedder_places<>::step, capacity = beyond.capacity();
    if (max % step == 0 || max == capacity) return;
    const std::uint64_t next = std::min<std::uint64_t>((max / step + 1) * step, capacity);
    into.add(invariant::beyond_stepped,
             fmt::format("shedder \"{}\", the table of its places beyond the maximum", at.name),
             fmt::format("its maximum is {}, and it is opened by {} at a time; repair opens it to {}", max, step, next),
             [beyond, next] {
                 beyond.set_right();
                 (void)beyond.raise_max(next);
             });
}

void examine_queue(examination& into, const shm::placement& at) {
    const auto state = shm::shedder_state_of(into.where(), at);
    constexpr auto longest = static_cast<std::uint64_t>(primitives::longest_interval.count());
    const auto found = state.words();  // before the clock
    if (algorithm::codel::is_possible(found, primitives::read_clock(Clock::precise), longest)) return;
    into.add(invariant::queue_possible, fmt::format("shedder \"{}\", its queue", at.name),
             fmt::format("what it knows of it, {:016x} {:016x}, lies hours ahead, or is nothing; repair forgets it",
                         found.first, found.second),
             [state, found] { state.forget(found); });
}

}  // namespace

void examine_shedder(examination& into, const shm::placement& at) {
    into.judge_by(shm::terms_version(shm::directory{into.where()}.entry(at.index)));
    examine_terms(into, at, [&](const auto& values) { return is_compiled<ShedderOptions>(values, at); });
    if (examine_permits(into, at)) {
        examine_maximum(into, at);
        examine_beyond(into, at);
    }
    examine_queue(into, at);
    into.judge_by(0);
}

}  // namespace seki::report
