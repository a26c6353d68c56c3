// Lists of scribbles {page, place in 16 bytes, how many bytes less one, the bytes}, of which inputs of fuzz_attach consist.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "layout/header.hpp"

namespace seki::hostile {

// How much help an input gets, by its first byte; from the third on the rest of it is such a list.
inline constexpr unsigned helps = 6;
constexpr unsigned help_of(std::uint8_t first) noexcept { return first % helps; }
constexpr bool holds_scribbles(std::uint8_t first) noexcept { return help_of(first) >= 3; }

inline constexpr std::size_t scribble_head = 3;
inline constexpr std::size_t scribble_step = 16;  // where they may begin

inline void scribble(std::span<std::byte> on, std::span<const std::uint8_t> list) {
    while (list.size() > scribble_head) {
        const std::size_t at = (list[0] * layout::page + list[1] * scribble_step) % on.size();
        const std::size_t length = std::min({std::size_t{list[2]} + 1, list.size() - scribble_head, on.size() - at});
        std::memcpy(&on[at], &list[scribble_head], length);
        list = list.subspan(scribble_head + length);
    }
}

// The one by which there stands elsewhere what stands at `at` and beside it.
inline std::array<std::uint8_t, scribble_head + scribble_step> scribble_of(std::span<const std::byte> from,
                                                                           std::size_t at) {
    std::array<std::uint8_t, scribble_head + scribble_step> made{
        static_cast<std::uint8_t>(at / layout::page), static_cast<std::uint8_t>(at % layout::page / scribble_step),
        scribble_step - 1};
    std::memcpy(&made[scribble_head], &from[at / scribble_step * scribble_step], scribble_step);
    return made;
}

}  // namespace seki::hostile
