// The shape of a primitive: the words of its directory entry that say how its piece of the arena is divided. They never change while it lives,
// and each kind gives them its own meaning: here are those meanings, and which shapes can be true.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "layout/breaker.hpp"
#include "layout/bulkhead.hpp"
#include "layout/directory.hpp"
#include "layout/header.hpp"

namespace seki::shm {

using shape = std::array<std::uint64_t, layout::shape_words>;

// "limiter", "breaker" ...; "primitive" for what is no kind.
[[nodiscard]] std::string_view to_string(layout::kind kind) noexcept;
[[nodiscard]] std::string_view plural(layout::kind kind) noexcept;

// Whether a piece of `bytes` can have that shape. A kind whose shape nobody has described here can have any: who uses it checks.
[[nodiscard]] bool can_be(layout::kind kind, const shape& words, std::uint64_t bytes) noexcept;

[[nodiscard]] constexpr std::uint64_t whole_pages(std::uint64_t bytes) noexcept {
    return (bytes + layout::page - 1) / layout::page * layout::page;
}

struct limiter_shape {
    std::uint64_t max_keys = 0;
    std::uint64_t buckets = 0;
    std::uint64_t stripes = 0;
    bool key_texts = false;
};

[[nodiscard]] constexpr shape pack(const limiter_shape& of) noexcept {
    shape words{};
    words[layout::limiter_shape_key_texts] = of.key_texts ? 1 : 0;
    words[layout::limiter_shape_max_keys] = of.max_keys;
    words[layout::limiter_shape_buckets] = of.buckets;
    words[layout::limiter_shape_stripes] = of.stripes;
    return words;
}
[[nodiscard]] constexpr limiter_shape unpack_limiter_shape(const shape& words) noexcept {
    return {.max_keys = words[layout::limiter_shape_max_keys],
            .buckets = words[layout::limiter_shape_buckets],
            .stripes = words[layout::limiter_shape_stripes],
            .key_texts = words[layout::limiter_shape_key_texts] != 0};
}

struct table_size {
    std::uint64_t stripes_bytes = 0, buckets_bytes = 0, texts_bytes = 0;
    [[nodiscard]] std::uint64_t total() const noexcept { return stripes_bytes + buckets_bytes + texts_bytes; }
};
// Each part a whole number of pages.
[[nodiscard]] table_size table_bytes(const limiter_shape& of) noexcept;

struct bulkhead_shape {
    std::uint64_t permits = 0;  // capacities of its tables (shm/permit_pool.hpp)
    std::uint64_t waiting = 0;
};

[[nodiscard]] constexpr shape pack(const bulkhead_shape& of) noexcept {
    shape words{};
    words[layout::bulkhead_shape_permits] = of.permits;
    words[layout::bulkhead_shape_waiting] = of.waiting;
    return words;
}
[[nodiscard]] constexpr bulkhead_shape unpack_bulkhead_shape(const shape& words) noexcept {
    return {.permits = words[layout::bulkhead_shape_permits], .waiting = words[layout::bulkhead_shape_waiting]};
}

// Of its tables, a whole number of pages; what follows them in its piece are the durations of waits (shm/bulkhead_piece.hpp).
[[nodiscard]] std::uint64_t permit_bytes(const bulkhead_shape& of) noexcept;

[[nodiscard]] constexpr shape pack(const layout::breaker_geometry& of) noexcept {
    shape words{};
    words[layout::breaker_shape_ring] = of.ring;
    words[layout::breaker_shape_probes] = of.probes;
    return words;
}
[[nodiscard]] constexpr layout::breaker_geometry unpack_breaker_shape(const shape& words) noexcept {
    return {.ring = words[layout::breaker_shape_ring], .probes = words[layout::breaker_shape_probes]};
}

}  // namespace seki::shm
