// The tables of a limiter in the mapped memory of its segment.
#pragma once

#include <seki/limiter.hpp>

#include "primitives/limiter_terms.hpp"
#include "shm/directory.hpp"
#include "shm/key_table.hpp"
#include "shm/key_text.hpp"
#include "shm/segment.hpp"

namespace seki::primitives {

// The shape that `options` ask for.
[[nodiscard]] shm::limiter_shape shape_for(const LimiterOptions& options) noexcept;

[[nodiscard]] inline LimiterOptions to_options(const limiter_terms& terms, const shm::shape& shape) noexcept {
    const shm::limiter_shape of = shm::unpack_limiter_shape(shape);
    return to_options(terms, of.max_keys, of.key_texts);
}

struct tables {
    shm::key_table<> keys;
    shm::key_texts<> texts;  // empty when the limiter keeps none
};

// `at` is a limiter, and came from the directory of `where`, which checked that its tables lie inside the arena.
[[nodiscard]] tables tables_of(const shm::segment& where, const shm::placement& at) noexcept;

}  // namespace seki::primitives
