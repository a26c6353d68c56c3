#include "primitives/shedder_family.hpp"

#include <algorithm>

#include "primitives/bulkhead_options.hpp"
#include "primitives/shedder_terms.hpp"
#include "shm/bulkhead_piece.hpp"

namespace seki::primitives {

shm::shape family<ShedderOptions>::shape_of(const ShedderOptions& options) noexcept {
    return shm::pack(shape_for(options));
}

std::uint64_t family<ShedderOptions>::arena_bytes(const ShedderOptions& options,
                                                  std::uint64_t /*max_workers*/) noexcept {
    return shm::shedder_piece_bytes(shape_for(options));
}

shm::wide_terms family<ShedderOptions>::terms_of(const ShedderOptions& options) noexcept {
    return shm::widen(pack(options));
}

ShedderOptions family<ShedderOptions>::options_of(const shm::wide_terms& terms, const shm::shape& shape) noexcept {
    shm::terms first{};
    std::copy_n(terms.begin(), first.size(), first.begin());
    return unpack_shedder(first, shm::unpack_bulkhead_shape(shape));
}

void family<ShedderOptions>::fill(const shm::segment& where, const shm::placement& made,
                                  const ShedderOptions& options) noexcept {
    shm::shedder_state_of(where, made).fill();
    shm::shedder_places_of(where, made).within().set_max(options.max_in_flight);
}

Result<void> family<ShedderOptions>::may_change(const shm::segment& /*where*/, const shm::placement& at,
                                                const ShedderOptions& wanted) {
    return check_room(layout::kind::shedder, at.name, "max_in_flight", wanted.max_in_flight,
                      shm::unpack_bulkhead_shape(at.shape).permits);
}

// Should this process die between the two, upkeep brings them together again.
void family<ShedderOptions>::change(const shm::segment& where, const shm::placement& at,
                                    const ShedderOptions& wanted) noexcept {
    auto& entry = shm::directory{where}.entry(at.index);
    const auto within = shm::shedder_places_of(where, at).within();
    within.set_right();
    // What another began: so the table never has a maximum of longer ago than the terms before these (report/examine_shedder.cpp).
    within.set_max(options_of(shm::read_wide_terms(entry).values, at.shape).max_in_flight);
    shm::publish_terms(entry, terms_of(wanted));
    within.set_max(wanted.max_in_flight);
}

}  // namespace seki::primitives
