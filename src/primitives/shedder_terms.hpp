// The terms of a shedder: its options as a directory entry keeps them, and as the law takes them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include <seki/shedder.hpp>

#include "algorithm/codel.hpp"
#include "layout/shedder.hpp"
#include "primitives/bulkhead_terms.hpp"
#include "shm/directory.hpp"
#include "shm/shape.hpp"

namespace seki::primitives {

inline constexpr std::chrono::nanoseconds shortest_target = std::chrono::milliseconds{1};
inline constexpr std::chrono::nanoseconds longest_target = std::chrono::minutes{1};
inline constexpr std::chrono::nanoseconds longest_interval = std::chrono::hours{1};

// Beyond max_in_flight priority 0 finds as many places again, where the waiting are in a bulkhead.
[[nodiscard]] constexpr shm::bulkhead_shape shape_for(const ShedderOptions& options) noexcept {
    return {.permits = room_for(options.max_in_flight), .waiting = room_for(options.max_in_flight)};
}

[[nodiscard]] constexpr shm::terms pack(const ShedderOptions& options) noexcept {
    shm::terms values{};
    values[layout::shedder_max_in_flight] = options.max_in_flight;
    values[layout::shedder_target] = static_cast<std::uint64_t>(options.target.count());
    values[layout::shedder_interval] = static_cast<std::uint64_t>(options.interval.count());
    return values;
}

// Whatever stands in the segment, options that its table can have.
[[nodiscard]] constexpr ShedderOptions unpack_shedder(const shm::terms& values,
                                                      const shm::bulkhead_shape& of) noexcept {
    const auto span = [](std::uint64_t ns, std::chrono::nanoseconds longest) {
        constexpr auto least = static_cast<std::uint64_t>(shortest_target.count());
        return std::chrono::nanoseconds{
            static_cast<std::int64_t>(std::clamp(ns, least, static_cast<std::uint64_t>(longest.count())))};
    };
    return {.max_in_flight = std::clamp<std::uint64_t>(values[layout::shedder_max_in_flight], 1,
                                                       std::max<std::uint64_t>(of.permits, 1)),
            .target = span(values[layout::shedder_target], longest_target),
            .interval = span(values[layout::shedder_interval], longest_interval)};
}

// Whatever stands in the segment, a law that ends.
[[nodiscard]] constexpr algorithm::codel::terms codel_terms(std::uint64_t target, std::uint64_t interval) noexcept {
    return {.target = std::min(target, static_cast<std::uint64_t>(longest_target.count())),
            .interval = std::min(interval, static_cast<std::uint64_t>(longest_interval.count()))};
}

[[nodiscard]] constexpr algorithm::codel::terms law_of(const ShedderOptions& options) noexcept {
    return {.target = static_cast<std::uint64_t>(options.target.count()),
            .interval = static_cast<std::uint64_t>(options.interval.count())};
}

// How many may be in flight with one of that priority among them: 100, 90, 80, 70 % of max_in_flight, one at least.
[[nodiscard]] constexpr std::uint64_t most_with(unsigned priority, std::uint64_t max_in_flight) noexcept {
    return std::max<std::uint64_t>(max_in_flight * (10 - std::min(priority, 3U)) / 10, 1);
}
static_assert(most_with(0, 100) == 100 && most_with(1, 100) == 90 && most_with(3, 100) == 70 && most_with(3, 1) == 1);

}  // namespace seki::primitives
