#include <seki/policy.hpp>

#include <fmt/format.h>

#include "client/bound_handle.hpp"
#include "client/policy_handle.hpp"

namespace seki {
namespace detail {

void part_was_deleted(client::policy_handle& named, const PolicyParts& seen) noexcept { named.renew(seen); }

policy_view look_at_policy(client::policy_handle& named) noexcept { return named.look(); }

}  // namespace detail

std::string_view Policy::name() const noexcept { return named_ != nullptr ? named_->name() : std::string_view{}; }

Result<PolicyParts> Policy::parts() const {
    const detail::policy_view view = look();
    if (view.parts == nullptr) return std::unexpected(explain(view.why.code));
    return *view.parts;
}

Error Policy::explain(Errc why) const try {
    const detail::policy_view view = look();
    if (view.parts == nullptr)
        return {why, fmt::format("policy \"{}\": {}", name(),
                                 view.why.code == why ? client::why_it_is_gone(why) : to_string(why))};
    const PolicyParts& by = *view.parts;
    switch (why) {
        case Errc::rate_limited:
            if (by.limiter) return by.limiter->explain(why);
            break;
        case Errc::load_shed:
            if (by.shedder) return by.shedder->explain(why);
            break;
        case Errc::bulkhead_full:
        case Errc::timeout:
            if (by.bulkhead) return by.bulkhead->explain(why);
            if (by.adaptive) return by.adaptive->explain(why);
            break;
        case Errc::circuit_open:
            if (by.breaker) return by.breaker->explain(why);
            break;
        case Errc::budget_spent:
            if (by.retry) return by.retry->explain(why);
            break;
        default: break;
    }
    return {why,
            named_ != nullptr ? fmt::format("policy \"{}\": {}", name(), to_string(why)) : std::string{to_string(why)}};
} catch (...) {  // no memory for the sentence
    return {why, {}};
}

}  // namespace seki
