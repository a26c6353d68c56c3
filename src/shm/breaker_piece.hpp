// The piece of the arena that a breaker has: the breaker itself, and how long its calls took.
#pragma once

#include <algorithm>
#include <new>
#include <span>

#include "layout/breaker.hpp"
#include "shm/breaker.hpp"
#include "shm/directory.hpp"
#include "shm/histogram.hpp"
#include "shm/segment.hpp"
#include "shm/shape.hpp"

namespace seki::shm {

[[nodiscard]] constexpr std::uint64_t piece_bytes(const layout::breaker_geometry& of,
                                                  std::uint64_t max_workers) noexcept {
    return of.bytes() + histogram<>::bytes_for(max_workers);
}

namespace breaker_piece {

template <class T>
[[nodiscard]] std::span<T> part(std::span<std::byte> bytes, std::uint64_t offset, std::uint64_t count) noexcept {
    // Mapped memory holds these objects already; launder tells the compiler so.
    return {std::launder(reinterpret_cast<T*>(bytes.subspan(offset, count * sizeof(T)).data())), count};
}

}  // namespace breaker_piece

// `at` is a breaker and came from the directory of `where`, which checked that its parts lie inside the piece.
[[nodiscard]] inline breaker<> breaker_of(const segment& where, const placement& at) noexcept {
    const auto bytes = where.arena(at.arena_offset, at.arena_size);
    const layout::breaker_geometry of = unpack_breaker_shape(at.shape);
    return {breaker_piece::part<layout::breaker_block>(bytes, 0, 1).front(),
            breaker_piece::part<layout::pair>(bytes, of.ring_offset(), of.ring),
            breaker_piece::part<layout::pair>(bytes, of.probes_offset(), of.probes)};
}

[[nodiscard]] inline histogram<> call_durations_of(const segment& where, const placement& at) noexcept {
    const auto bytes = where.arena(at.arena_offset, at.arena_size);
    const std::uint64_t before = unpack_breaker_shape(at.shape).bytes();
    const std::uint64_t room = (bytes.size() - before) / sizeof(layout::histogram_block);
    const auto blocks = std::min<std::uint64_t>(room, histogram<>::blocks_for(where.parts().max_workers));
    return {breaker_piece::part<layout::histogram_block>(bytes, before, blocks), at.incarnation};
}

}  // namespace seki::shm
