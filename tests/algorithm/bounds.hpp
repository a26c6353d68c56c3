// What a user may configure and how long a host may run: the tests draw from the whole of it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "dice.hpp"

namespace seki::tests {

using nanos = std::uint64_t;
__extension__ typedef unsigned __int128 uint128;
__extension__ typedef __int128 int128;

inline constexpr nanos microsecond = 1'000;
inline constexpr nanos millisecond = 1'000 * microsecond;
inline constexpr nanos second = 1'000 * millisecond;
inline constexpr nanos day = 86'400 * second;
inline constexpr nanos shortest_window = millisecond;
inline constexpr nanos longest_window = 366 * day;
inline constexpr nanos longest_uptime = 8 * 365 * day;
inline constexpr nanos longest_backlog = 10 * 365 * day;
inline constexpr std::uint64_t greatest_limit = 10'000'000;
inline constexpr std::uint64_t fastest = 10'000'000;  // per second

inline nanos any_window(dice& random) {
    if (random.one_in(3))
        return random.any_of({shortest_window, second, 60 * second, 3600 * second, day, longest_window});
    return random.magnitude(shortest_window, longest_window);
}

// A limit for that window, no faster than the fastest.
inline std::uint64_t any_limit(dice& random, nanos window, std::uint64_t greatest = greatest_limit) {
    const auto keepable =
        static_cast<std::uint64_t>(std::min<uint128>(static_cast<uint128>(window) * fastest / second, greatest));
    if (random.one_in(3)) return std::min(random.any_of({1, 2, 3, 10, 100, 65'536, greatest_limit}), keepable);
    return random.magnitude(1, keepable);
}

inline nanos any_uptime(dice& random) {
    if (random.one_in(8)) return random.below(3);
    return random.magnitude(1, longest_uptime);
}

// Costs around `capacity`, small ones mostly, and absurd ones.
inline std::uint64_t any_cost(dice& random, std::uint64_t capacity) {
    switch (random.below(16)) {
        case 0: return 0;
        case 1: return capacity;
        case 2: return capacity + 1;
        case 3: return random.one_in(2) ? random.word() : capacity - 1;
        case 4:
        case 5: return random.between(1, capacity);
        case 6: return random.magnitude(1, capacity);
        default: return 1;
    }
}

}  // namespace seki::tests
