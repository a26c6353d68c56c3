#include "primitives/limiter_table.hpp"

#include <new>
#include <span>

namespace seki::primitives {
namespace {

template <class T>
std::span<T> part(std::span<std::byte> bytes, std::uint64_t offset, std::uint64_t count) noexcept {
    // Mapped memory holds these objects already; launder tells the compiler so.
    return {std::launder(reinterpret_cast<T*>(bytes.subspan(offset, count * sizeof(T)).data())), count};
}

}  // namespace

tables tables_of(const shm::segment& where, const shm::placement& at) noexcept {
    const auto bytes = where.arena(at.arena_offset, at.arena_size);
    const auto sizes = shm::table_bytes(at.buckets, at.stripes, at.key_texts);
    tables found;
    found.keys = {part<layout::bucket>(bytes, sizes.stripes_bytes, at.buckets),
                  part<layout::pair>(bytes, 0, at.stripes), at.incarnation};
    if (at.key_texts)
        found.texts = shm::key_texts<>{part<layout::key_text>(bytes, sizes.stripes_bytes + sizes.buckets_bytes,
                                                              at.buckets * layout::slots_per_bucket)};
    return found;
}

}  // namespace seki::primitives
