// The options of policies: how they are written, and which are accepted.
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <seki/policy.hpp>

#include "layout/policy.hpp"
#include "primitives/option.hpp"

namespace seki::primitives {

[[nodiscard]] option_table<PolicyOptions> policy_option_table() noexcept;

// Everything that is wrong with them by themselves: whether their parts exist is for who uses them to see.
[[nodiscard]] std::vector<option_mistake> mistakes(const PolicyOptions& options);

inline constexpr std::chrono::nanoseconds longest_policy_deadline = std::chrono::hours{24 * 366};

// What each part is called by.
struct policy_member {
    layout::policy_part part;
    layout::kind kind;
    std::string PolicyOptions::* name;
};
inline constexpr std::array<policy_member, layout::policy_parts> policy_members{{
    {layout::policy_part::limiter, layout::kind::limiter, &PolicyOptions::limiter},
    {layout::policy_part::shedder, layout::kind::shedder, &PolicyOptions::shedder},
    {layout::policy_part::bulkhead, layout::kind::bulkhead, &PolicyOptions::bulkhead},
    {layout::policy_part::adaptive, layout::kind::adaptive, &PolicyOptions::adaptive},
    {layout::policy_part::breaker, layout::kind::breaker, &PolicyOptions::breaker},
    {layout::policy_part::retry, layout::kind::retry, &PolicyOptions::retry},
}};

}  // namespace seki::primitives
