// The piece of the arena that a bulkhead has: its permits, whole pages of them, and how long was waited for them.
#pragma once

#include <algorithm>
#include <new>

#include "shm/directory.hpp"
#include "shm/histogram.hpp"
#include "shm/permit_pool.hpp"
#include "shm/segment.hpp"
#include "shm/shape.hpp"

namespace seki::shm {

[[nodiscard]] inline std::uint64_t piece_bytes(const bulkhead_shape& of, std::uint64_t max_workers) noexcept {
    return permit_bytes(of) + histogram<>::bytes_for(max_workers);
}

// `at` is a bulkhead, or was one, and came from the directory of `where`.
[[nodiscard]] inline permit_pool<> permits_of(const segment& where, const placement& at) noexcept {
    const bulkhead_shape of = unpack_bulkhead_shape(at.shape);
    return permit_pool<>::attach(where.arena(at.arena_offset, at.arena_size),
                                 {.permits = of.permits, .waiting = of.waiting});
}

[[nodiscard]] inline histogram<> waits_of(const segment& where, const placement& at) noexcept {
    const std::uint64_t before = permit_bytes(unpack_bulkhead_shape(at.shape));
    const auto bytes = where.arena(at.arena_offset + before, at.arena_size - before);
    const std::size_t blocks =
        std::min(bytes.size() / sizeof(layout::histogram_block), histogram<>::blocks_for(where.parts().max_workers));
    return {{std::launder(reinterpret_cast<layout::histogram_block*>(bytes.data())), blocks}, at.incarnation};
}

}  // namespace seki::shm
