// The life of a hedge, as primitives/family.hpp asks for it.
#pragma once

#include <cstdint>
#include <vector>

#include <seki/hedge.hpp>

#include "primitives/family.hpp"
#include "primitives/hedge_options.hpp"

namespace seki::primitives {

template <>
struct family<HedgeOptions> {
    static constexpr auto kind = layout::kind::hedge;
    [[nodiscard]] static option_table<HedgeOptions> options() noexcept { return hedge_option_table(); }
    [[nodiscard]] static std::vector<option_mistake> mistakes(const HedgeOptions& options) {
        return primitives::mistakes(options);
    }
    [[nodiscard]] static shm::shape shape_of(const HedgeOptions& /*options*/) noexcept { return {}; }
    [[nodiscard]] static std::uint64_t arena_bytes(const HedgeOptions& options, std::uint64_t max_workers) noexcept;
    [[nodiscard]] static shm::wide_terms terms_of(const HedgeOptions& options) noexcept;
    [[nodiscard]] static HedgeOptions options_of(const shm::wide_terms& terms, const shm::shape& shape) noexcept;
    static void fill(const shm::segment& where, const shm::placement& made, const HedgeOptions& options) noexcept;
    [[nodiscard]] static Result<void> may_change(const shm::segment& /*where*/, const shm::placement& /*at*/,
                                                 const HedgeOptions& /*wanted*/) {
        return {};
    }
    // A budget that changes does so with its next window, a percentile within a tenth of a second.
    static void change(const shm::segment& where, const shm::placement& at, const HedgeOptions& wanted) noexcept;
    static void retire(const shm::segment& /*where*/, const shm::placement& /*at*/) noexcept {}
};
static_assert(has_family<HedgeOptions>);

}  // namespace seki::primitives
