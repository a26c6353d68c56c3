#include "shm/shape.hpp"

#include "layout/adaptive.hpp"
#include "layout/hedge.hpp"
#include "layout/key_table.hpp"
#include "layout/policy.hpp"
#include "layout/retry.hpp"
#include "layout/shedder.hpp"
#include "shm/permit_pool.hpp"

namespace seki::shm {
namespace {

// Bounded before anything is multiplied: these numbers come from the segment.
bool can_be_limiter(const limiter_shape& of, std::uint64_t bytes) noexcept {
    const std::uint64_t most = bytes / sizeof(layout::bucket);
    if (of.buckets < 2 || of.buckets > most) return false;
    if (of.stripes < 1 || of.stripes > layout::max_stripes) return false;
    if (of.max_keys == 0 || of.max_keys > most * layout::slots_per_bucket) return false;
    return table_bytes(of).total() == bytes;
}

bool can_be_bulkhead(const bulkhead_shape& of, std::uint64_t bytes) noexcept {
    const auto fits = [](std::uint64_t words) { return words >= 1 && words <= layout::max_permits; };
    return fits(of.permits) && fits(of.waiting) && permit_bytes(of) <= bytes;
}

// What follows the places in its piece are durations, as many blocks of them as there is room for (shm/breaker_piece.hpp).
bool can_be_breaker(const layout::breaker_geometry& of, std::uint64_t bytes) noexcept {
    const std::uint64_t most = bytes / sizeof(layout::pair);
    if (of.ring < layout::least_ring || of.ring > most || of.probes < 1 || of.probes > most) return false;
    return of.bytes() <= bytes;
}

}  // namespace

std::string_view to_string(layout::kind kind) noexcept {
    switch (kind) {
        case layout::kind::limiter: return "limiter";
        case layout::kind::breaker: return "breaker";
        case layout::kind::bulkhead: return "bulkhead";
        case layout::kind::adaptive: return "adaptive";
        case layout::kind::shedder: return "shedder";
        case layout::kind::retry: return "retry";
        case layout::kind::hedge: return "hedge";
        case layout::kind::policy: return "policy";
        case layout::kind::none: break;
    }
    return "primitive";
}

std::string_view plural(layout::kind kind) noexcept {
    switch (kind) {
        case layout::kind::limiter: return "limiters";
        case layout::kind::breaker: return "breakers";
        case layout::kind::bulkhead: return "bulkheads";
        case layout::kind::adaptive: return "adaptives";
        case layout::kind::shedder: return "shedders";
        case layout::kind::retry: return "retries";
        case layout::kind::hedge: return "hedges";
        case layout::kind::policy: return "policies";
        case layout::kind::none: break;
    }
    return "primitives";
}

bool can_be(layout::kind kind, const shape& words, std::uint64_t bytes) noexcept {
    switch (kind) {
        case layout::kind::limiter: return can_be_limiter(unpack_limiter_shape(words), bytes);
        case layout::kind::bulkhead: return can_be_bulkhead(unpack_bulkhead_shape(words), bytes);
        case layout::kind::adaptive:
            return bytes > sizeof(layout::adaptive_block) &&
                   can_be_bulkhead(unpack_bulkhead_shape(words), bytes - sizeof(layout::adaptive_block));
        case layout::kind::shedder:
            return bytes > sizeof(layout::shedder_block) &&
                   can_be_bulkhead(unpack_bulkhead_shape(words), bytes - sizeof(layout::shedder_block));
        case layout::kind::breaker: return can_be_breaker(unpack_breaker_shape(words), bytes);
        case layout::kind::retry: return words == shape{} && bytes >= sizeof(layout::retry_block);
        case layout::kind::hedge: return words == shape{} && bytes >= sizeof(layout::hedge_block);
        case layout::kind::policy: return bytes >= sizeof(layout::policy_block);  // and no shape: nobody reads it
        default: return true;
    }
}

table_size table_bytes(const limiter_shape& of) noexcept {
    const std::uint64_t slots = of.buckets * layout::slots_per_bucket;
    return {.stripes_bytes = whole_pages(of.stripes * sizeof(layout::pair)),
            .buckets_bytes = whole_pages(of.buckets * sizeof(layout::bucket)),
            .texts_bytes = of.key_texts ? whole_pages(slots * sizeof(layout::key_text)) : 0};
}

std::uint64_t permit_bytes(const bulkhead_shape& of) noexcept {
    return whole_pages(permit_pool<>::bytes_for({.permits = of.permits, .waiting = of.waiting}));
}

}  // namespace seki::shm
