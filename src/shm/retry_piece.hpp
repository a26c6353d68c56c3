// The piece of the arena that a retry has: its budget.
#pragma once

#include <new>

#include "layout/retry.hpp"
#include "shm/directory.hpp"
#include "shm/retry_budget.hpp"
#include "shm/segment.hpp"

namespace seki::shm {

// `at` is a retry, or was one, and came from the directory of `where`, which checked that its piece is large enough.
[[nodiscard]] inline retry_budget<> budget_of(const segment& where, const placement& at) noexcept {
    const auto bytes = where.arena(at.arena_offset, at.arena_size);
    return retry_budget<>{*std::launder(reinterpret_cast<layout::retry_block*>(bytes.data()))};
}

}  // namespace seki::shm
