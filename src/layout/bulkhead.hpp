// What a bulkhead has in its directory entry, and in the counter block of each worker. Its permits: layout/permits.hpp.
#pragma once

#include <cstddef>

#include "layout/directory.hpp"
#include "layout/worker.hpp"

namespace seki::layout {

// The shape: how large its two tables of permits are.
enum bulkhead_shape : std::size_t { bulkhead_shape_permits = 0, bulkhead_shape_waiting = 1 };

// The terms. What is in force of the first two stands in the tables themselves (layout/permits.hpp): these say what it should be.
enum bulkhead_term : std::size_t {
    bulkhead_max_concurrent = 0,
    bulkhead_max_waiting = 1,
    bulkhead_max_wait = 2  // ns
};

inline constexpr counter count_acquired{0};
inline constexpr counter count_rejected{1};
inline constexpr counter count_reclaimed{2};

// Words of a counter block that are no counts: what this worker remembers of the bulkhead. Sums leave them out.
inline constexpr std::size_t bulkhead_doubts = 13;  // {time in units of 2^22 ns : 48 | refusals since : 16}
inline constexpr std::size_t bulkhead_near = 14;    // 1 + the index of the permit that it had last; 0: none yet
static_assert(bulkhead_doubts >= all_counters && bulkhead_near < std::tuple_size_v<decltype(counter_block::counts)>);

}  // namespace seki::layout
