// The piece of the arena that a hedge has: its budget, and how long calls took.
#pragma once

#include <new>

#include "layout/hedge.hpp"
#include "shm/directory.hpp"
#include "shm/latency_window.hpp"
#include "shm/retry_budget.hpp"
#include "shm/segment.hpp"

namespace seki::shm {

// `at` is a hedge, or was one, and came from the directory of `where`, which checked that its piece is large enough.
[[nodiscard]] inline layout::hedge_block& hedge_block_of(const segment& where, const placement& at) noexcept {
    const auto bytes = where.arena(at.arena_offset, at.arena_size);
    return *std::launder(reinterpret_cast<layout::hedge_block*>(bytes.data()));
}
[[nodiscard]] inline retry_budget<> hedge_budget_of(const segment& where, const placement& at) noexcept {
    return retry_budget<>{hedge_block_of(where, at).budget};
}
[[nodiscard]] inline latency_window<> latencies_of(const segment& where, const placement& at) noexcept {
    return latency_window<>{hedge_block_of(where, at).latencies};
}

}  // namespace seki::shm
