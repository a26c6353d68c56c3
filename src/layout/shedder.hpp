// What a shedder has beside its permits (layout/permits.hpp; the shape of a bulkhead's): CoDel's state. All zeros has seen no queue.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "layout/bulkhead.hpp"
#include "layout/word.hpp"

namespace seki::layout {

enum shedder_term : std::size_t {
    shedder_max_in_flight = bulkhead_max_concurrent,
    shedder_target = 1,   // ns
    shedder_interval = 2  // ns
};

inline constexpr std::size_t shed_priorities = 4;
// Beside count_reclaimed. By priority: count_admitted + p, and but for 0, which is never shed, count_shed + p.
inline constexpr counter count_codel_drops{1};
inline constexpr std::size_t count_admitted = 3;
inline constexpr std::size_t count_shed = 6;
static_assert(count_admitted + shed_priorities == count_shed + 1 && count_shed + shed_priorities <= all_counters);

struct shedder_block {
    alignas(cache_line) pair codel;  // algorithm/codel.hpp
};
static_assert(sizeof(shedder_block) == cache_line);

}  // namespace seki::layout
