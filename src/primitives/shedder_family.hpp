// The life of a shedder, as primitives/family.hpp asks for it.
#pragma once

#include <cstdint>
#include <vector>

#include <seki/shedder.hpp>

#include "primitives/family.hpp"
#include "primitives/shedder_options.hpp"

namespace seki::primitives {

template <>
struct family<ShedderOptions> {
    static constexpr auto kind = layout::kind::shedder;
    [[nodiscard]] static option_table<ShedderOptions> options() noexcept { return shedder_option_table(); }
    [[nodiscard]] static std::vector<option_mistake> mistakes(const ShedderOptions& options) {
        return primitives::mistakes(options);
    }
    [[nodiscard]] static shm::shape shape_of(const ShedderOptions& options) noexcept;
    [[nodiscard]] static std::uint64_t arena_bytes(const ShedderOptions& options, std::uint64_t max_workers) noexcept;
    [[nodiscard]] static shm::wide_terms terms_of(const ShedderOptions& options) noexcept;
    [[nodiscard]] static ShedderOptions options_of(const shm::wide_terms& terms, const shm::shape& shape) noexcept;
    // Its piece is all zeros, or a deserted one (shm/directory.hpp, keeps_its_piece).
    static void fill(const shm::segment& where, const shm::placement& made, const ShedderOptions& options) noexcept;
    [[nodiscard]] static Result<void> may_change(const shm::segment& where, const shm::placement& at,
                                                 const ShedderOptions& wanted);
    static void change(const shm::segment& where, const shm::placement& at, const ShedderOptions& wanted) noexcept;
    static void retire(const shm::segment& /*where*/, const shm::placement& /*at*/) noexcept {}
};
static_assert(has_family<ShedderOptions>);

}  // namespace seki::primitives
