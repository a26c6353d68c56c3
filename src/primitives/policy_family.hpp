// The life of a policy, as primitives/family.hpp asks for it.
#pragma once

#include <cstdint>
#include <vector>

#include <seki/policy.hpp>

#include "primitives/family.hpp"
#include "primitives/policy_options.hpp"

namespace seki::primitives {

template <>
struct family<PolicyOptions> {
    static constexpr auto kind = layout::kind::policy;
    [[nodiscard]] static option_table<PolicyOptions> options() noexcept { return policy_option_table(); }
    [[nodiscard]] static std::vector<option_mistake> mistakes(const PolicyOptions& options) {
        return primitives::mistakes(options);
    }
    [[nodiscard]] static shm::shape shape_of(const PolicyOptions& /*options*/) noexcept { return {}; }
    [[nodiscard]] static std::uint64_t arena_bytes(const PolicyOptions& options, std::uint64_t max_workers) noexcept;
    // Those of a new policy, whose names are set 0.
    [[nodiscard]] static shm::wide_terms terms_of(const PolicyOptions& options) noexcept;
    // All but the names, which are in its piece:
    [[nodiscard]] static PolicyOptions options_of(const shm::wide_terms& terms, const shm::shape& shape) noexcept;
    static void read_texts(const shm::segment& where, const shm::placement& at, const shm::wide_terms& terms,
                           PolicyOptions& into);
    static void fill(const shm::segment& where, const shm::placement& made, const PolicyOptions& options) noexcept;
    [[nodiscard]] static Result<void> may_change(const shm::segment& /*where*/, const shm::placement& /*at*/,
                                                 const PolicyOptions& /*wanted*/) {
        return {};
    }
    static void change(const shm::segment& where, const shm::placement& at, const PolicyOptions& wanted) noexcept;
    static void retire(const shm::segment& /*where*/, const shm::placement& /*at*/) noexcept {}
};
static_assert(has_family<PolicyOptions>);

}  // namespace seki::primitives
