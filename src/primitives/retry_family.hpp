// The life of a retry, as primitives/family.hpp asks for it.
#pragma once

#include <cstdint>
#include <vector>

#include <seki/retry.hpp>

#include "primitives/family.hpp"
#include "primitives/retry_options.hpp"

namespace seki::primitives {

template <>
struct family<RetryOptions> {
    static constexpr auto kind = layout::kind::retry;
    [[nodiscard]] static option_table<RetryOptions> options() noexcept { return retry_option_table(); }
    [[nodiscard]] static std::vector<option_mistake> mistakes(const RetryOptions& options) {
        return primitives::mistakes(options);
    }
    [[nodiscard]] static shm::shape shape_of(const RetryOptions& /*options*/) noexcept { return {}; }
    [[nodiscard]] static std::uint64_t arena_bytes(const RetryOptions& options, std::uint64_t max_workers) noexcept;
    [[nodiscard]] static shm::wide_terms terms_of(const RetryOptions& options) noexcept;
    [[nodiscard]] static RetryOptions options_of(const shm::wide_terms& terms, const shm::shape& shape) noexcept;
    static void fill(const shm::segment& where, const shm::placement& made, const RetryOptions& options) noexcept;
    [[nodiscard]] static Result<void> may_change(const shm::segment& /*where*/, const shm::placement& /*at*/,
                                                 const RetryOptions& /*wanted*/) {
        return {};
    }
    // A budget that changes does so with its next window.
    static void change(const shm::segment& where, const shm::placement& at, const RetryOptions& wanted) noexcept;
    static void retire(const shm::segment& /*where*/, const shm::placement& /*at*/) noexcept {}
};
static_assert(has_family<RetryOptions>);

}  // namespace seki::primitives
