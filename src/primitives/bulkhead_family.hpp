// The life of a bulkhead, as primitives/family.hpp asks for it.
#pragma once

#include <cstdint>
#include <vector>

#include <seki/bulkhead.hpp>

#include "primitives/bulkhead_options.hpp"
#include "primitives/family.hpp"

namespace seki::primitives {

template <>
struct family<BulkheadOptions> {
    static constexpr auto kind = layout::kind::bulkhead;
    [[nodiscard]] static option_table<BulkheadOptions> options() noexcept { return bulkhead_option_table(); }
    [[nodiscard]] static std::vector<option_mistake> mistakes(const BulkheadOptions& options) {
        return primitives::mistakes(options);
    }
    [[nodiscard]] static shm::shape shape_of(const BulkheadOptions& options) noexcept;
    [[nodiscard]] static std::uint64_t arena_bytes(const BulkheadOptions& options, std::uint64_t max_workers) noexcept;
    [[nodiscard]] static shm::wide_terms terms_of(const BulkheadOptions& options) noexcept;
    [[nodiscard]] static BulkheadOptions options_of(const shm::wide_terms& terms, const shm::shape& shape) noexcept;
    // Its piece is all zeros, or a deserted one (shm/directory.hpp, keeps_its_piece).
    static void fill(const shm::segment& where, const shm::placement& made, const BulkheadOptions& options) noexcept;
    [[nodiscard]] static Result<void> may_change(const shm::segment& where, const shm::placement& at,
                                                 const BulkheadOptions& wanted);
    static void change(const shm::segment& where, const shm::placement& at, const BulkheadOptions& wanted) noexcept;
    // Its permits stay as they are: who holds one gives it back where it was, and who waits finds the bulkhead deleted.
    static void retire(const shm::segment& /*where*/, const shm::placement& /*at*/) noexcept {}
};
static_assert(has_family<BulkheadOptions>);

}  // namespace seki::primitives
