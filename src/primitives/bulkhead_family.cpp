#include "primitives/bulkhead_family.hpp"

#include <algorithm>

#include "primitives/bulkhead_terms.hpp"
#include "shm/bulkhead_piece.hpp"

namespace seki::primitives {
namespace {

// The maxima in force stand in the tables. Should this process die between the terms and these, upkeep brings them together again
// (primitives/bulkhead_upkeep.hpp).
void set_maxima(const shm::segment& where, const shm::placement& at, const BulkheadOptions& options) noexcept {
    const auto permits = shm::permits_of(where, at);
    permits.set_max_waiting(options.max_waiting);
    permits.set_max(options.max_concurrent);
}

}  // namespace

shm::shape family<BulkheadOptions>::shape_of(const BulkheadOptions& options) noexcept {
    return shm::pack(shape_for(options));
}

std::uint64_t family<BulkheadOptions>::arena_bytes(const BulkheadOptions& options, std::uint64_t max_workers) noexcept {
    return shm::piece_bytes(shape_for(options), max_workers);
}

shm::wide_terms family<BulkheadOptions>::terms_of(const BulkheadOptions& options) noexcept {
    return shm::widen(pack(options));
}

BulkheadOptions family<BulkheadOptions>::options_of(const shm::wide_terms& terms, const shm::shape& shape) noexcept {
    shm::terms first{};
    std::copy_n(terms.begin(), first.size(), first.begin());
    return unpack_bulkhead(first, shm::unpack_bulkhead_shape(shape));
}

void family<BulkheadOptions>::fill(const shm::segment& where, const shm::placement& made,
                                   const BulkheadOptions& options) noexcept {
    shm::waits_of(where, made).fill();
    set_maxima(where, made, options);
}

Result<void> family<BulkheadOptions>::may_change(const shm::segment& /*where*/, const shm::placement& at,
                                                 const BulkheadOptions& wanted) {
    return check_room(at.name, wanted, shm::unpack_bulkhead_shape(at.shape));
}

void family<BulkheadOptions>::change(const shm::segment& where, const shm::placement& at,
                                     const BulkheadOptions& wanted) noexcept {
    auto& entry = shm::directory{where}.entry(at.index);
    shm::permits_of(where, at).set_right();
    // What another began: so the tables never have maxima of longer ago than the terms before these (report/examine_bulkhead.cpp).
    set_maxima(where, at, options_of(shm::read_wide_terms(entry).values, at.shape));
    shm::publish_terms(entry, terms_of(wanted));
    set_maxima(where, at, wanted);
}

}  // namespace seki::primitives
