// The tables of a limiter in the mapped memory of its segment.
#pragma once

#include "shm/directory.hpp"
#include "shm/key_table.hpp"
#include "shm/key_text.hpp"
#include "shm/segment.hpp"

namespace seki::primitives {

struct tables {
    shm::key_table<> keys;
    shm::key_texts<> texts;  // empty when the limiter keeps none
};

// `at` came from the directory of `where`, which checked that it lies inside the arena.
[[nodiscard]] tables tables_of(const shm::segment& where, const shm::placement& at) noexcept;

}  // namespace seki::primitives
