// The terms of a bulkhead: its options as a directory entry keeps them; and how much room it is given, which bounds them for good.
#pragma once

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>

#include <seki/bulkhead.hpp>

#include "layout/bulkhead.hpp"
#include "layout/permits.hpp"
#include "shm/directory.hpp"
#include "shm/shape.hpp"

namespace seki::primitives {

inline constexpr std::uint64_t max_permits = layout::max_permits;
inline constexpr std::chrono::nanoseconds longest_wait = std::chrono::hours{24};

// Room to grow; in few sizes, so that a deleted bulkhead's memory fits the next one.
constexpr std::uint64_t room_for(std::uint64_t permits) noexcept {
    constexpr std::uint64_t least = 1024, growth = 4;
    return std::min(std::bit_ceil(std::max(least, growth * std::min(permits, max_permits))), max_permits);
}
static_assert(room_for(10) == 1024 && room_for(300) == 2048 && room_for(65'535) == 65'535 && room_for(~0ULL) == 65'535);

[[nodiscard]] constexpr shm::bulkhead_shape shape_for(const BulkheadOptions& options) noexcept {
    return {.permits = room_for(options.max_concurrent), .waiting = room_for(options.max_waiting)};
}

[[nodiscard]] constexpr shm::terms pack(const BulkheadOptions& options) noexcept {
    shm::terms values{};
    values[layout::bulkhead_max_concurrent] = options.max_concurrent;
    values[layout::bulkhead_max_waiting] = options.max_waiting;
    values[layout::bulkhead_max_wait] = static_cast<std::uint64_t>(options.max_wait.count());
    return values;
}

// Whatever stands in the segment, options that its tables can have.
[[nodiscard]] constexpr BulkheadOptions unpack_bulkhead(const shm::terms& values,
                                                        const shm::bulkhead_shape& of) noexcept {
    constexpr auto longest = static_cast<std::uint64_t>(longest_wait.count());
    return {
        .max_concurrent = std::clamp<std::uint64_t>(values[layout::bulkhead_max_concurrent], 1,
                                                    std::max<std::uint64_t>(of.permits, 1)),
        .max_wait =
            std::chrono::nanoseconds{static_cast<std::int64_t>(std::min(values[layout::bulkhead_max_wait], longest))},
        .max_waiting = std::min(values[layout::bulkhead_max_waiting], of.waiting)};
}

}  // namespace seki::primitives
