#include "report/given_shape.hpp"

#include "layout/hedge.hpp"
#include "layout/policy.hpp"
#include "layout/retry.hpp"
#include "primitives/bulkhead_terms.hpp"
#include "shm/breaker_piece.hpp"
#include "shm/bulkhead_piece.hpp"
#include "shm/key_table.hpp"

namespace seki::report {
namespace {

bool is_room(std::uint64_t permits) noexcept { return permits == primitives::room_for(permits / 4); }

bool is_limiters(const shm::placement& at) noexcept {
    const auto of = shm::unpack_limiter_shape(at.shape);
    return at.shape == shm::pack(of) && of.buckets == shm::buckets_for(of.max_keys) &&
           of.stripes == shm::stripes_for(of.max_keys);
}

bool is_breakers(const shm::placement& at, std::uint64_t max_workers) noexcept {
    const auto of = shm::unpack_breaker_shape(at.shape);
    return at.shape == shm::pack(of) && of == layout::breaker_geometry_for(of.window_calls() / 4, of.probes / 4) &&
           at.arena_size == shm::whole_pages(shm::piece_bytes(of, max_workers));
}

// Of a kind that has permits.
bool is_permits(const shm::placement& at, std::uint64_t max_workers) noexcept {
    const auto of = shm::unpack_bulkhead_shape(at.shape);
    const std::uint64_t bytes = at.kind == layout::kind::bulkhead   ? shm::piece_bytes(of, max_workers)
                                : at.kind == layout::kind::adaptive ? shm::adaptive_piece_bytes(of, max_workers)
                                                                    : shm::shedder_piece_bytes(of);
    return at.shape == shm::pack(of) && is_room(of.permits) && is_room(of.waiting) &&
           at.arena_size == shm::whole_pages(bytes);
}

bool is_block(const shm::placement& at, std::uint64_t bytes) noexcept {
    return at.shape == shm::shape{} && at.arena_size == shm::whole_pages(bytes);
}

}  // namespace

bool is_given_by_options(const shm::segment& where, const shm::placement& at) {
    const std::uint64_t workers = where.parts().max_workers;
    switch (at.kind) {
        case layout::kind::limiter: return is_limiters(at);
        case layout::kind::breaker: return is_breakers(at, workers);
        case layout::kind::bulkhead:
        case layout::kind::adaptive:
        case layout::kind::shedder: return is_permits(at, workers);
        case layout::kind::retry: return is_block(at, sizeof(layout::retry_block));
        case layout::kind::hedge: return is_block(at, sizeof(layout::hedge_block));
        case layout::kind::policy: return is_block(at, sizeof(layout::policy_block));
        case layout::kind::none: break;
    }
    return false;
}

}  // namespace seki::report
