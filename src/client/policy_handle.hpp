// What stands behind a policy of the segment in the calling process: its name, and handles of its parts, which are made anew when others are in force.
//
// Calls that are under way use what is made, so nothing of it is given back before the handle goes. So it is made as seldom as can be: where a new version says what the last
// one said, what there is is used on; handles that mean the same primitive are shared; and once a thousand were made, one is made in a second.
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
#include "shm/memory.hpp"

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
    // were until the policy changes again, and so they do in a call during which the policy was deleted.
    [[nodiscard]] detail::policy_view look() noexcept {
        const auto [bound, why] = handle_->find_standing();
        if (why != Errc::none) [[unlikely]]
            return {.why = {why}};
        composition* now = parts_.current();
        if (now->of != bound || shm::hardware::load_relaxed(now->version) != bound->version()) [[unlikely]]
            now = compose_again(*bound, now);
        return {.parts = now->parts.get()};
    }

    // For who was refused because a part was deleted: looks whether there is another of that name by now, once in a while.
    void renew(const PolicyParts& seen) noexcept;

    [[nodiscard]] const std::string& name() const noexcept { return handle_->name(); }

private:
    struct composition {
        composition(const primitives::policy* in, std::uint64_t by, PolicyOptions wanted,
                    std::shared_ptr<const PolicyParts> found)
            : of{in}, options{std::move(wanted)}, parts{std::move(found)} {
            shm::hardware::store_relaxed(version, by);
        }
        const primitives::policy* of;  // in which segment
        layout::word version;          // by which terms. Relaxed: who sees an old one looks again
        PolicyOptions options;         // what the parts were found by
        std::shared_ptr<const PolicyParts> parts;
    };
    [[nodiscard]] composition* compose_again(const primitives::policy& bound, composition* before) noexcept;
    [[nodiscard]] bool may_compose() noexcept;

    Segment of_;
    std::shared_ptr<bound_handle<primitives::policy>> handle_;
    replaceable<composition> parts_;
    layout::word look_again_ms_;  // no sooner; a hint
    layout::word composed_ms_;    // as if each had taken a second; a hint
};

}  // namespace seki::client
