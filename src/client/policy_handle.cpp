#include "client/policy_handle.hpp"

#include <utility>

#include <fmt/format.h>

#include "primitives/clock.hpp"
#include "shm/memory.hpp"
#include "shm/uncancelled.hpp"

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

template <class Handle>
bool is_gone(const std::optional<Handle>& part) {
    if (!part) return false;
    const auto options = part->options();
    return !options && options.error().code == Errc::deleted;
}
bool is_one_gone(const PolicyParts& of) {
    return is_gone(of.limiter) || is_gone(of.shedder) || is_gone(of.bulkhead) || is_gone(of.adaptive) ||
           is_gone(of.breaker) || is_gone(of.retry);
}

// In the place of one that is gone with its segment. Whatever keeps it from being made, find_parts() finds that it is not there.
template <class Options>
void make_part_again(segment_handle& segment, const shm::segment& where, const std::string& name) {
    using of_kind = primitives::registry<Options>;
    if (name.empty()) return;
    const Options* const how = segment.made<Options>().find(name);
    if (how != nullptr && !of_kind::find(where, name)) (void)of_kind::find_or_make(where, name, *how);
}
void make_parts_again(segment_handle& segment, const shm::segment& where, const PolicyOptions& wanted) {
    make_part_again<LimiterOptions>(segment, where, wanted.limiter);
    make_part_again<ShedderOptions>(segment, where, wanted.shedder);
    make_part_again<BulkheadOptions>(segment, where, wanted.bulkhead);
    make_part_again<AdaptiveOptions>(segment, where, wanted.adaptive);
    make_part_again<BreakerOptions>(segment, where, wanted.breaker);
    make_part_again<RetryOptions>(segment, where, wanted.retry);
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
        const PolicyOptions wanted = bound.options();
        const shm::segment& where = bound.attachment().where();
        // Only then: what was deleted stays deleted.
        if (&where != &before->of->attachment().where()) make_parts_again(*of_.handle(), where, wanted);
        auto parts = find_parts(of_, name(), wanted);
        // Anything else passes, so that the next call tries again.
        if (!parts && parts.error().code != Errc::not_found) return before;
        parts_.publish(before, &bound, version, parts ? std::move(*parts) : before->parts);
    } catch (...) {  // no memory: with what there was, and the next call tries again
        return before;
    }
    return parts_.current();
}

void policy_handle::renew(const PolicyParts& seen) noexcept {
    constexpr std::uint64_t pause_ms = 10;
    using shm::hardware;
    composition* const now = parts_.current();
    const std::uint64_t ms = primitives::clock_ms();
    if (now->parts.get() != &seen || ms < hardware::load_relaxed(look_again_ms_)) return;
    hardware::store_relaxed(look_again_ms_, ms + pause_ms);
    try {
        const shm::uncancelled while_it_looks;
        if (!is_one_gone(seen)) return;  // the function's own guard was
        if (auto parts = find_parts(of_, name(), now->of->options()))
            parts_.publish(now, now->of, now->version, std::move(*parts));
    } catch (...) {  // no memory: a later call tries again
    }
}

}  // namespace seki::client
