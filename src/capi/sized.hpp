// Structs that begin with their size, so that a program and a library of different versions understand each other: both touch only what both know.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace seki::capi {

// The size of the struct when it was first published: no program has a smaller one. Specialise it when a struct grows.
template <class Sized>
inline constexpr std::uint32_t first_size = sizeof(Sized);

// Far above what any struct will ever be: a size beyond it was never set.
inline constexpr std::uint32_t absurd_size = 4096;

template <class Sized>
constexpr bool has_sensible_size(const Sized& given) noexcept {
    return given.size >= first_size<Sized> && given.size < absurd_size;
}

// What the caller set; of what its version does not know, `defaults`.
template <class Sized>
[[nodiscard]] Sized read(const Sized& given, const Sized& defaults) noexcept {
    static_assert(std::is_trivially_copyable_v<Sized>);
    Sized all = defaults;
    std::memcpy(&all, &given, std::min<std::size_t>(given.size, sizeof(Sized)));
    all.size = sizeof(Sized);
    return all;
}

// Of a caller whose version knows less of it.
template <class Sized, class Fill>
[[gnu::noinline, gnu::cold]] void write_a_part(Sized& to, Fill fill) noexcept {
    Sized all;
    fill(all);
    all.size = to.size;
    std::memcpy(&to, &all, to.size);
}

// What the caller's version knows of it; what only that version knows stays as it was. `fill(struct)` sets all but the size.
template <class Sized, class Fill>
[[gnu::always_inline]] inline void write(Sized& to, Fill fill) noexcept {
    static_assert(std::is_trivially_copyable_v<Sized>);
    if (to.size < sizeof(Sized)) [[unlikely]]
        return write_a_part(to, fill);
    fill(to);  // field by field: what is written as a whole, and copied right afterwards, is waited for (bench/c_abi)
}

}  // namespace seki::capi
