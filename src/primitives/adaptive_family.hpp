// The life of an adaptive limit, as primitives/family.hpp asks for it.
#pragma once

#include <cstdint>
#include <vector>

#include <seki/adaptive.hpp>

#include "primitives/adaptive_options.hpp"
#include "primitives/family.hpp"

namespace seki::primitives {

template <>
struct family<AdaptiveOptions> {
    static constexpr auto kind = layout::kind::adaptive;
    [[nodiscard]] static option_table<AdaptiveOptions> options() noexcept { return adaptive_option_table(); }
    [[nodiscard]] static std::vector<option_mistake> mistakes(const AdaptiveOptions& options) {
        return primitives::mistakes(options);
    }
    [[nodiscard]] static shm::shape shape_of(const AdaptiveOptions& options) noexcept;
    [[nodiscard]] static std::uint64_t arena_bytes(const AdaptiveOptions& options, std::uint64_t max_workers) noexcept;
    [[nodiscard]] static shm::wide_terms terms_of(const AdaptiveOptions& options) noexcept;
    [[nodiscard]] static AdaptiveOptions options_of(const shm::wide_terms& terms, const shm::shape& shape) noexcept;
    // Its piece is all zeros, or a deserted one (shm/directory.hpp, keeps_its_piece).
    static void fill(const shm::segment& where, const shm::placement& made, const AdaptiveOptions& options) noexcept;
    [[nodiscard]] static Result<void> may_change(const shm::segment& where, const shm::placement& at,
                                                 const AdaptiveOptions& wanted);
    // The limit stays where it is, within the new bounds.
    static void change(const shm::segment& where, const shm::placement& at, const AdaptiveOptions& wanted) noexcept;
    static void retire(const shm::segment& /*where*/, const shm::placement& /*at*/) noexcept {}
};
static_assert(has_family<AdaptiveOptions>);

}  // namespace seki::primitives
