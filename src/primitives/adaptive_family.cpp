#include "primitives/adaptive_family.hpp"

#include <algorithm>

#include "primitives/adaptive_status.hpp"
#include "primitives/adaptive_terms.hpp"
#include "primitives/bulkhead_options.hpp"
#include "shm/bulkhead_piece.hpp"

namespace seki::primitives {

shm::shape family<AdaptiveOptions>::shape_of(const AdaptiveOptions& options) noexcept {
    return shm::pack(shape_for(options));
}

std::uint64_t family<AdaptiveOptions>::arena_bytes(const AdaptiveOptions& options, std::uint64_t max_workers) noexcept {
    return shm::adaptive_piece_bytes(shape_for(options), max_workers);
}

shm::wide_terms family<AdaptiveOptions>::terms_of(const AdaptiveOptions& options) noexcept { return pack(options); }

AdaptiveOptions family<AdaptiveOptions>::options_of(const shm::wide_terms& terms, const shm::shape& shape) noexcept {
    const shm::bulkhead_shape of = shm::unpack_bulkhead_shape(shape);
    shm::terms first{};
    std::copy_n(terms.begin(), first.size(), first.begin());
    return to_options(unpack_adaptive_law(terms, of), unpack_bulkhead(first, of));
}

void family<AdaptiveOptions>::fill(const shm::segment& where, const shm::placement& made,
                                   const AdaptiveOptions& options) noexcept {
    shm::waits_of(where, made).fill();
    shm::window_of(where, made).fill(unpack_adaptive_law(pack(options), shape_for(options)));
    enforce(where, made, pack(options));
}

Result<void> family<AdaptiveOptions>::may_change(const shm::segment& /*where*/, const shm::placement& at,
                                                 const AdaptiveOptions& wanted) {
    const shm::bulkhead_shape room = shm::unpack_bulkhead_shape(at.shape);
    if (auto fine = check_room(layout::kind::adaptive, at.name, "max_limit", wanted.max_limit, room.permits); !fine)
        return fine;
    return check_room(layout::kind::adaptive, at.name, "max_waiting", wanted.max_waiting, room.waiting);
}

// Should this process die between the terms and the tables, upkeep brings them together again.
void family<AdaptiveOptions>::change(const shm::segment& where, const shm::placement& at,
                                     const AdaptiveOptions& wanted) noexcept {
    shm::permits_of(where, at).set_right();
    shm::publish_terms(shm::directory{where}.entry(at.index), terms_of(wanted));
    enforce(where, at, pack(wanted));
}

}  // namespace seki::primitives
