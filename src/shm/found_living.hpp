// Whom somebody who asks has found living, so that he asks once of each: most hold more than one permit. A name that finds no room is asked about again, which costs time and
// no more: who asks has little of it (shm/asking_time.hpp).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace seki::shm {

class found_living {
public:
    [[nodiscard]] bool has(std::uint64_t name) const noexcept {
        const auto around = std::span{names_}.subspan(place_of(name), near);
        return std::ranges::find(around, name) != around.end();
    }
    void add(std::uint64_t name) noexcept {
        const auto around = std::span{names_}.subspan(place_of(name), near);
        const auto room = std::ranges::find(around, std::uint64_t{0});
        if (room != around.end()) *room = name;
    }

private:
    // Half of it is enough for all who can be asked in time. No name lies further than `near` from its place: a scribbler chooses names.
    static constexpr std::size_t places = 512, near = 8;
    [[nodiscard]] static std::size_t place_of(std::uint64_t name) noexcept {
        return static_cast<std::size_t>(name * 0x9e3779b97f4a7c15ULL >> 55);
    }
    static_assert(places == 1ULL << (64 - 55));

    std::array<std::uint64_t, places + near> names_{};  // 0: none
};

}  // namespace seki::shm
