// What stands behind a policy of the segment in the calling process: its name, and handles of its parts, which are made anew when others are in force.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <seki/open.hpp>
#include <seki/policy.hpp>

#include "client/bound_handle.hpp"
#include "client/replaceable.hpp"
#include "layout/word.hpp"
#include "primitives/policy.hpp"

namespace seki::client {

// Handles of the parts of a policy of that name; an error names the one that there is not.
[[nodiscard]] Result<std::shared_ptr<const PolicyParts>> find_parts(const Segment& in, std::string_view policy,
                                                                    const PolicyOptions& wanted);

class policy_handle {
public:
    policy_handle(Segment of, std::shared_ptr<bound_handle<primitives::policy>> handle)
        : of_{std::move(of)}, handle_{std::move(handle)} {}

    // Finds the parts for the first time.
    [[nodiscard]] Result<void> compose();

    // The parts in force. When others are in force now, some thread makes the handles for all; should one of them not be there, the parts stay what they
    // were until the policy changes again.
    [[nodiscard]] detail::policy_view look() noexcept {
        const auto [bound, why] = handle_->find_standing();
        if (why != Errc::none) [[unlikely]]
            return {.why = {why}};
        composition* now = parts_.current();
        if (now->of != bound || now->version != bound->version()) [[unlikely]]
            now = compose_again(*bound, now);
        return {.parts = now->parts.get()};
    }

    // For who was refused because a part was deleted: looks whether there is another of that name by now, once in a while.
    void renew(const PolicyParts& seen) noexcept;

    [[nodiscard]] const std::string& name() const noexcept { return handle_->name(); }

private:
    struct composition {
        const primitives::policy* of = nullptr;  // in which segment
        std::uint64_t version = 0;               // by which terms
        std::shared_ptr<const PolicyParts> parts;
    };
    [[nodiscard]] composition* compose_again(const primitives::policy& bound, composition* before) noexcept;

    Segment of_;
    std::shared_ptr<bound_handle<primitives::policy>> handle_;
    replaceable<composition> parts_;
    layout::word look_again_ms_;  // no sooner; a hint
};

}  // namespace seki::client
