#include "primitives/limiter_table.hpp"

#include <new>
#include <span>

#include "shm/fingerprint.hpp"

namespace seki::primitives {
namespace {

template <class T>
std::span<T> part(std::span<std::byte> bytes, std::uint64_t offset, std::uint64_t count) noexcept {
    // Mapped memory holds these objects already; launder tells the compiler so.
    return {std::launder(reinterpret_cast<T*>(bytes.subspan(offset, count * sizeof(T)).data())), count};
}

}  // namespace

shm::limiter_shape shape_for(const LimiterOptions& options) noexcept {
    return {.max_keys = options.max_keys,
            .buckets = shm::buckets_for(options.max_keys),
            .stripes = shm::stripes_for(options.max_keys),
            .key_texts = options.store_keys};
}

tables tables_of(const shm::segment& where, const shm::placement& at) noexcept {
    const auto bytes = where.arena(at.arena_offset, at.arena_size);
    const shm::limiter_shape shape = shm::unpack_limiter_shape(at.shape);
    const auto sizes = shm::table_bytes(shape);
    tables found;
    found.keys = {part<layout::bucket>(bytes, sizes.stripes_bytes, shape.buckets),
                  part<layout::pair>(bytes, 0, shape.stripes),
                  shm::fingerprint{where.header(), at.incarnation}.table_stamp()};
    if (shape.key_texts)
        found.texts = shm::key_texts<>{part<layout::key_text>(bytes, sizes.stripes_bytes + sizes.buckets_bytes,
                                                              shape.buckets * layout::slots_per_bucket)};
    return found;
}

}  // namespace seki::primitives
