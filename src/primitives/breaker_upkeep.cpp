#include "primitives/breaker_upkeep.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "primitives/breaker_actor.hpp"
#include "primitives/breaker_family.hpp"
#include "shm/breaker_piece.hpp"
#include "shm/directory.hpp"
#include "shm/uncancelled.hpp"

namespace seki::primitives {

namespace {

// Whom the segment lists lives, as far as this goes.
struct of_the_listed : onlooker {
    const shm::segment& where;
    of_the_listed(const shm::segment& in, const shm::placement& at, const emitter& events) noexcept
        : onlooker{in, at, events}, where{in} {}
    [[nodiscard]] bool alive(std::uint64_t owner) const noexcept { return shm::holder_is_listed(where, owner); }
    [[nodiscard]] static bool tired() noexcept { return false; }
};

}  // namespace

std::size_t reclaim_probes(const shm::segment& where, const shm::roster& standing) {
    std::size_t given_back = 0;
    for (const shm::placement& at : standing.of(layout::kind::breaker)) {
        const shm::breaker<> breaker = shm::breaker_of(where, at);
        if (breaker.look().state != algorithm::breaker::state::half_open) continue;
        const emitter events{where, at};
        given_back += breaker.reclaim(of_the_listed{where, at, events});
    }
    return given_back;
}

void settle_changes(const shm::segment& where, const shm::roster& standing) {
    if (where.how() != shm::segment::access::read_write || where.superseded()) return;
    const auto all = standing.of(layout::kind::breaker);
    if (std::ranges::all_of(all, [&](const auto& at) { return family<BreakerOptions>::settled(where, at); })) return;
    const auto lock = shm::administration::lock(where, std::chrono::milliseconds{0});
    if (lock) settle_changes(*lock, where);
}

void settle_changes(const shm::administration& /*held*/, const shm::segment& where) {
    for (const shm::placement& at : shm::directory{where}.list(layout::kind::breaker))
        family<BreakerOptions>::settle(where, at);
}

void settle_change(const shm::segment& where, const shm::placement& at) noexcept {
    const shm::uncancelled while_it_settles;
    const auto lock = shm::administration::lock(where, std::chrono::milliseconds{0});
    // Under the lock nobody deletes it.
    if (!lock || shm::hardware::load_acquire(where.directory()[at.index].incarnation) != at.incarnation) return;
    family<BreakerOptions>::settle(where, at);
}

}  // namespace seki::primitives
