// The life of a breaker, as primitives/family.hpp asks for it.
#pragma once

#include <cstdint>
#include <vector>

#include <seki/breaker.hpp>

#include "primitives/breaker_options.hpp"
#include "primitives/family.hpp"

namespace seki::primitives {

template <>
struct family<BreakerOptions> {
    static constexpr auto kind = layout::kind::breaker;
    [[nodiscard]] static option_table<BreakerOptions> options() noexcept { return breaker_option_table(); }
    [[nodiscard]] static std::vector<option_mistake> mistakes(const BreakerOptions& options) {
        return primitives::mistakes(options);
    }
    [[nodiscard]] static shm::shape shape_of(const BreakerOptions& options) noexcept;
    [[nodiscard]] static std::uint64_t arena_bytes(const BreakerOptions& options, std::uint64_t max_workers) noexcept;
    [[nodiscard]] static shm::wide_terms terms_of(const BreakerOptions& options) noexcept;
    [[nodiscard]] static BreakerOptions options_of(const shm::wide_terms& terms, const shm::shape& shape) noexcept;
    static void fill(const shm::segment& where, const shm::placement& made, const BreakerOptions& options) noexcept;
    [[nodiscard]] static Result<void> may_change(const shm::segment& where, const shm::placement& at,
                                                 const BreakerOptions& wanted);
    // A mode that changes is an order to the breaker; one that stays leaves alone what an operator told it since. A change of window_type, or of the
    // length of a time window, starts the window anew; any other is judged by what is in the window already.
    static void change(const shm::segment& where, const shm::placement& at, const BreakerOptions& wanted) noexcept;
    // Where an administrator died between the terms and the window: whether it did, and what it had still to do.
    [[nodiscard]] static bool settled(const shm::segment& where, const shm::placement& at) noexcept;
    static void settle(const shm::segment& where, const shm::placement& at) noexcept;
    static void retire(const shm::segment& /*where*/, const shm::placement& /*at*/) noexcept {}
};
static_assert(has_family<BreakerOptions>);

}  // namespace seki::primitives
