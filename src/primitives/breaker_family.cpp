#include "primitives/breaker_family.hpp"

#include "primitives/breaker_actor.hpp"
#include "primitives/breaker_terms.hpp"
#include "primitives/clock.hpp"
#include "shm/breaker_piece.hpp"

namespace seki::primitives {
namespace {

layout::breaker_geometry geometry_of(const BreakerOptions& options) noexcept {
    return layout::breaker_geometry_for(
        static_cast<std::uint64_t>(std::max<std::int64_t>(options.window_size.calls(), 0)), options.half_open_requests);
}

}  // namespace

shm::shape family<BreakerOptions>::shape_of(const BreakerOptions& options) noexcept {
    return shm::pack(geometry_of(options));
}

std::uint64_t family<BreakerOptions>::arena_bytes(const BreakerOptions& options, std::uint64_t max_workers) noexcept {
    return shm::piece_bytes(geometry_of(options), max_workers);
}

shm::wide_terms family<BreakerOptions>::terms_of(const BreakerOptions& options) noexcept {
    return pack(compile(options));
}

BreakerOptions family<BreakerOptions>::options_of(const shm::wide_terms& terms, const shm::shape& /*shape*/) noexcept {
    return to_options(unpack_breaker(terms));
}

void family<BreakerOptions>::fill(const shm::segment& where, const shm::placement& made,
                                  const BreakerOptions& options) noexcept {
    shm::breaker_of(where, made)
        .fill(static_cast<std::uint32_t>(made.incarnation), state_for(options.mode), read_clock(Clock::precise));
    shm::call_durations_of(where, made).fill();
    const std::uint64_t version = shm::terms_version(shm::directory{where}.entry(made.index));
    shm::hardware::store_release(shm::breaker_of(where, made).block().settled, version);
}

Result<void> family<BreakerOptions>::may_change(const shm::segment& /*where*/, const shm::placement& at,
                                                const BreakerOptions& wanted) {
    return check_room(at.name, wanted, shm::unpack_breaker_shape(at.shape));
}

bool family<BreakerOptions>::settled(const shm::segment& where, const shm::placement& at) noexcept {
    return shm::hardware::load_acquire(shm::breaker_of(where, at).block().settled) ==
           shm::terms_version(shm::directory{where}.entry(at.index));
}

// Under the lock: the other block still has what was in force before, for nobody publishes without having settled. A death before the last store: somebody
// does it once more, and the window begins anew once more.
void family<BreakerOptions>::settle(const shm::segment& where, const shm::placement& at) noexcept {
    if (settled(where, at)) return;
    const auto& entry = shm::directory{where}.entry(at.index);
    const std::uint64_t version = shm::terms_version(entry);
    const auto law_of = [&](std::uint64_t which) {
        return unpack_breaker(shm::read_values<shm::hardware, layout::terms_in_block>(entry, which)).law;
    };
    const breaker_law::terms law = law_of(version);
    const auto breaker = shm::breaker_of(where, at);
    const emitter events{where, at};
    onlooker by{where, at, events};
    if (counts_otherwise(law_of(version - 1), law)) breaker.operate(breaker_law::event::renew, law, by);
    breaker.reconsider(law, by);
    shm::hardware::store_release(breaker.block().settled, version);  // pairs with settled()
}

void family<BreakerOptions>::change(const shm::segment& where, const shm::placement& at,
                                    const BreakerOptions& wanted) noexcept {
    settle(where, at);
    auto& entry = shm::directory{where}.entry(at.index);
    const breaker_terms old = unpack_breaker(shm::read_wide_terms(entry).values);
    const breaker_terms next = compile(wanted);
    if (next.mode != old.mode) {
        // Before the terms say so: should this process die in between, who tries again gives the order again.
        const auto breaker = shm::breaker_of(where, at);
        const emitter events{where, at};
        breaker.operate(order_of(next.mode), next.law, onlooker{where, at, events});
    }
    shm::publish_terms(entry, pack(next));
    settle(where, at);
}

}  // namespace seki::primitives
