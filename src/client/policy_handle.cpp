#include "client/policy_handle.hpp"

#include <utility>

#include <fmt/format.h>

namespace seki::client {
namespace {

// Into `part`, if it has a name. `find` answers the handle.
template <class Handle, class Find>
Result<void> find_part(std::optional<Handle>& part, const std::string& name, Find find) {
    if (name.empty()) return {};
    auto found = find(name);
    if (!found) return std::unexpected(std::move(found).error());
    part.emplace(std::move(*found));
    return {};
}

}  // namespace

Result<std::shared_ptr<const PolicyParts>> find_parts(const Segment& in, std::string_view policy,
                                                      const PolicyOptions& wanted) {
    const auto parts = std::make_shared<PolicyParts>();
    parts->deadline = wanted.deadline;
    Result<void> fine{};
    const auto add = [&fine](auto& part, const std::string& name, auto find) {
        if (fine) fine = find_part(part, name, find);
    };
    add(parts->limiter, wanted.limiter, [&in](const std::string& name) { return in.limiter(name); });
    add(parts->shedder, wanted.shedder, [&in](const std::string& name) { return in.shedder(name); });
    add(parts->bulkhead, wanted.bulkhead, [&in](const std::string& name) { return in.bulkhead(name); });
    add(parts->adaptive, wanted.adaptive, [&in](const std::string& name) { return in.adaptive(name); });
    add(parts->breaker, wanted.breaker, [&in](const std::string& name) { return in.breaker(name); });
    add(parts->retry, wanted.retry, [&in](const std::string& name) { return in.retry(name); });
    if (!fine)
        return std::unexpected(
            Error{fine.error().code, fmt::format("policy \"{}\": {}", policy, fine.error().message)});
    return parts;
}

Result<void> policy_handle::compose() {
    const auto [bound, why] = handle_->find_standing();
    if (why != Errc::none)
        return std::unexpected(Error{why, fmt::format("policy \"{}\": {}", name(), why_it_is_gone(why))});
    const std::uint64_t version = bound->version();
    auto parts = find_parts(of_, name(), bound->options());
    if (!parts) return std::unexpected(std::move(parts).error());
    parts_.publish(nullptr, bound, version, std::move(*parts));
    return {};
}

// The version is read before the names, so that a change meanwhile is seen the next time.
policy_handle::composition* policy_handle::compose_again(const primitives::policy& bound,
                                                         composition* before) noexcept {
    try {
        const shm::uncancelled while_it_looks;
        const std::uint64_t version = bound.version();
        auto parts = find_parts(of_, name(), bound.options());
        parts_.publish(before, &bound, version, parts ? std::move(*parts) : before->parts);
    } catch (...) {  // no memory: with what there was, and the next call tries again
        return before;
    }
    return parts_.current();
}

}  // namespace seki::client
