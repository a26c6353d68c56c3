#include "primitives/bulkhead_upkeep.hpp"

#include <algorithm>
#include <array>

#include "primitives/adaptive_status.hpp"
#include "primitives/bulkhead_status.hpp"
#include "primitives/bulkhead_terms.hpp"
#include "primitives/shedder_status.hpp"
#include "shm/administration.hpp"
#include "shm/bulkhead_piece.hpp"
#include "shm/counters.hpp"
#include "shm/permit_seeker.hpp"

namespace seki::primitives {
namespace {

// Whom the segment lists lives, as far as this goes.
class listed_seeker {
public:
    explicit listed_seeker(const shm::segment& where) noexcept : where_{&where} {}
    [[nodiscard]] static std::uint64_t now() noexcept { return shm::process_seeker::now(); }
    [[nodiscard]] bool alive(std::uint64_t owner) const noexcept { return shm::holder_is_listed(*where_, owner); }
    [[nodiscard]] static bool tired() noexcept { return false; }
    static void rest() noexcept {}
    void reclaimed(std::uint64_t /*owner*/) const noexcept {}

private:
    const shm::segment* where_;
};

bool may_write(const shm::segment& where) noexcept {
    return where.how() == shm::segment::access::read_write && !where.superseded();
}

BulkheadOptions options_of(const shm::segment& where, const shm::placement& at) noexcept {
    const auto terms = shm::read_terms(shm::directory{where}.entry(at.index)).values;
    return unpack_bulkhead(terms, shm::unpack_bulkhead_shape(at.shape));
}

constexpr std::array have_permits{layout::kind::bulkhead, layout::kind::adaptive, layout::kind::shedder};

bool finished(const shm::segment& where, const shm::placement& at) noexcept {
    if (at.kind == layout::kind::adaptive) return is_enforced(where, at);
    if (at.kind == layout::kind::shedder)
        return shm::shedder_places_of(where, at).within().max() == shedder_options_of(where, at).max_in_flight;
    const BulkheadOptions options = options_of(where, at);
    const auto permits = shm::permits_of(where, at);
    return permits.max() == options.max_concurrent && permits.max_waiting() == options.max_waiting;
}

// `now`: how they stand, for the event of it.
template <class Permits, class Now>
std::uint64_t reclaim_from(const shm::segment& where, const shm::placement& at, const Permits& from, Now now) {
    const std::uint64_t given = from.reclaim(listed_seeker{where});
    if (given == 0) return 0;
    shm::count_shared(where, at.index, at.incarnation, layout::count_reclaimed, given);
    tell_reclaimed(emitter{where, at}, now(from), given);
    return given;
}

}  // namespace

std::uint64_t reclaim_permits(const shm::segment& where, const shm::roster& standing) {
    if (!may_write(where)) return 0;
    std::uint64_t all = 0;
    for (const auto kind : have_permits)
        for (const shm::placement& at : standing.of(kind)) {
            all += kind == layout::kind::shedder
                       ? reclaim_from(where, at, shm::shedder_places_of(where, at),
                                      [](const auto& places) { return look_at(places); })
                       : reclaim_from(where, at, shm::permits_of(where, at),
                                      [&](const auto& permits) { return look_at(kind, permits); });
            // Here, where every word is looked at anyway, and not in finished(): what a scribbler hid stays hidden under a maximum that is right.
            shm::permits_of(where, at).set_right();
        }
    return all;
}

void finish_changes(const shm::segment& where, const shm::roster& standing) {
    if (!may_write(where)) return;
    if (std::ranges::all_of(have_permits, [&](const auto kind) {
            return std::ranges::all_of(standing.of(kind), [&](const auto& at) { return finished(where, at); });
        }))
        return;
    const auto lock = shm::administration::lock(where, std::chrono::milliseconds{0});
    if (lock) finish_changes(*lock, where);
}

void finish_changes(const shm::administration& /*held*/, const shm::segment& where) {
    const shm::roster standing{where};  // under the lock nobody makes or deletes any
    // A maximum that is not that of the terms may be a scribbler's, and no longer know where permits are held.
    for (const auto kind : have_permits)
        for (const shm::placement& at : standing.of(kind)) shm::permits_of(where, at).set_right();
    for (const shm::placement& at : standing.of(layout::kind::adaptive))
        enforce(where, at, shm::read_wide_terms(shm::directory{where}.entry(at.index)).values);
    for (const shm::placement& at : standing.of(layout::kind::shedder))
        shm::shedder_places_of(where, at).within().set_max(shedder_options_of(where, at).max_in_flight);
    for (const shm::placement& at : standing.of(layout::kind::bulkhead)) {
        const BulkheadOptions options = options_of(where, at);
        shm::permits_of(where, at).set_max_waiting(options.max_waiting);
        shm::permits_of(where, at).set_max(options.max_concurrent);
    }
}

}  // namespace seki::primitives
