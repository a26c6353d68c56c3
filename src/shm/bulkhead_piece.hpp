// The piece of the arena that a bulkhead has: its permits, whole pages of them, and how long was waited for them. An adaptive limit has these, too, and its
// window and limit behind them; a shedder two tables of permits and the state of CoDel.
#pragma once

#include <algorithm>
#include <new>

#include "layout/adaptive.hpp"
#include "layout/shedder.hpp"
#include "shm/adaptive_window.hpp"
#include "shm/directory.hpp"
#include "shm/histogram.hpp"
#include "shm/permit_pool.hpp"
#include "shm/segment.hpp"
#include "shm/shape.hpp"
#include "shm/shedder_places.hpp"
#include "shm/shedder_state.hpp"

namespace seki::shm {

[[nodiscard]] inline std::uint64_t piece_bytes(const bulkhead_shape& of, std::uint64_t max_workers) noexcept {
    return permit_bytes(of) + histogram<>::bytes_for(max_workers);
}

[[nodiscard]] inline std::uint64_t adaptive_piece_bytes(const bulkhead_shape& of, std::uint64_t max_workers) noexcept {
    return piece_bytes(of, max_workers) + sizeof(layout::adaptive_block);
}

[[nodiscard]] inline std::uint64_t shedder_piece_bytes(const bulkhead_shape& of) noexcept {
    return permit_bytes(of) + sizeof(layout::shedder_block);
}

// Whether primitives of that kind hand out permits, from tables of a bulkhead's shape.
[[nodiscard]] constexpr bool has_permits(layout::kind kind) noexcept {
    return kind == layout::kind::bulkhead || kind == layout::kind::adaptive || kind == layout::kind::shedder;
}

// `at` has permits, or had some, and came from the directory of `where`.
[[nodiscard]] inline permit_pool<> permits_of(const segment& where, const placement& at) noexcept {
    const bulkhead_shape of = unpack_bulkhead_shape(at.shape);
    return permit_pool<>::attach(where.arena(at.arena_offset, at.arena_size),
                                 {.permits = of.permits, .waiting = of.waiting});
}

[[nodiscard]] inline histogram<> waits_of(const segment& where, const placement& at) noexcept {
    const std::uint64_t before = permit_bytes(unpack_bulkhead_shape(at.shape));
    const std::uint64_t behind = at.kind == layout::kind::adaptive ? sizeof(layout::adaptive_block) : 0;
    const auto bytes = where.arena(at.arena_offset + before, at.arena_size - before - behind);
    const std::size_t blocks =
        std::min(bytes.size() / sizeof(layout::histogram_block), histogram<>::blocks_for(where.parts().max_workers));
    return {{std::launder(reinterpret_cast<layout::histogram_block*>(bytes.data())), blocks}, at.incarnation};
}

// `at` is an adaptive limit. At the end of its piece, which is whole pages.
[[nodiscard]] inline adaptive_window<> window_of(const segment& where, const placement& at) noexcept {
    const std::uint64_t before = at.arena_size - sizeof(layout::adaptive_block);
    const auto bytes = where.arena(at.arena_offset + before, sizeof(layout::adaptive_block));
    return adaptive_window<>{*std::launder(reinterpret_cast<layout::adaptive_block*>(bytes.data()))};
}

// `at` is a shedder: where others wait, its places beyond max are.
[[nodiscard]] inline shedder_places<> shedder_places_of(const segment& where, const placement& at) noexcept {
    const permit_pool<> tables = permits_of(where, at);
    return {tables.table(), tables.room()};
}

// `at` is a shedder. At the end of its piece, likewise.
[[nodiscard]] inline shedder_state<> shedder_state_of(const segment& where, const placement& at) noexcept {
    const std::uint64_t before = at.arena_size - sizeof(layout::shedder_block);
    const auto bytes = where.arena(at.arena_offset + before, sizeof(layout::shedder_block));
    return shedder_state<>{*std::launder(reinterpret_cast<layout::shedder_block*>(bytes.data()))};
}

}  // namespace seki::shm
