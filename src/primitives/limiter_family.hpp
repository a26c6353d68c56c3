// The life of a limiter, as primitives/family.hpp asks for it.
#pragma once

#include <cstdint>
#include <vector>

#include <seki/limiter.hpp>

#include "primitives/family.hpp"
#include "primitives/limiter_options.hpp"

namespace seki::primitives {

template <>
struct family<LimiterOptions> {
    static constexpr auto kind = layout::kind::limiter;
    [[nodiscard]] static option_table<LimiterOptions> options() noexcept { return limiter_option_table(); }
    [[nodiscard]] static std::vector<option_mistake> mistakes(const LimiterOptions& options) {
        return primitives::mistakes(options);
    }
    [[nodiscard]] static shm::shape shape_of(const LimiterOptions& options) noexcept;
    [[nodiscard]] static std::uint64_t arena_bytes(const LimiterOptions& options, std::uint64_t max_workers) noexcept;
    [[nodiscard]] static shm::wide_terms terms_of(const LimiterOptions& options) noexcept;
    [[nodiscard]] static LimiterOptions options_of(const shm::wide_terms& terms, const shm::shape& shape) noexcept;
    static void fill(const shm::segment& where, const shm::placement& made, const LimiterOptions& options) noexcept;
    [[nodiscard]] static Result<void> may_change(const shm::segment& where, const shm::placement& at,
                                                 const LimiterOptions& wanted);
    static void change(const shm::segment& where, const shm::placement& at, const LimiterOptions& wanted) noexcept;
    static void retire(const shm::segment& /*where*/, const shm::placement& /*at*/) noexcept {}
};
static_assert(has_family<LimiterOptions>);

}  // namespace seki::primitives
