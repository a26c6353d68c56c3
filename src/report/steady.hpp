// Two words of shared memory that are looked at as one.
#pragma once

#include <optional>

#include "shm/memory.hpp"

namespace seki::report {

// Of a pair that stands still while it is looked at; nothing otherwise, as its halves may be of different contents.
[[nodiscard]] inline std::optional<layout::pair_value> steady(const layout::pair& pair) noexcept {
    const auto look = [&] {
        const std::uint64_t first = shm::hardware::load_first_acquire(pair);
        return layout::pair_value{first, shm::hardware::load_second_acquire(pair)};
    };
    const layout::pair_value seen = look();
    return look() == seen ? std::optional{seen} : std::nullopt;
}

}  // namespace seki::report
