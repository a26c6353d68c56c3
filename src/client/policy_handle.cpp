#include "client/policy_handle.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "primitives/clock.hpp"
#include "shm/memory.hpp"
#include "shm/uncancelled.hpp"

namespace seki::client {
namespace {

using shm::hardware;

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

bool names_the_same_parts(PolicyOptions one, const PolicyOptions& another) {
    one.deadline = another.deadline;
    return one == another;
}

// The same handles.
std::shared_ptr<const PolicyParts> with_deadline(std::chrono::nanoseconds deadline, const PolicyParts& parts) {
    auto same = std::make_shared<PolicyParts>(parts);
    same->deadline = deadline;
    return same;
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
    const auto gone = [this](Errc why) {
        return std::unexpected(Error{why, fmt::format("policy \"{}\": {}", name(), why_it_is_gone(why))});
    };
    const auto [bound, why] = handle_->find_standing();
    if (why != Errc::none) return gone(why);
    const std::uint64_t version = bound->version();
    auto wanted = bound->options();
    if (!wanted) return gone(wanted.error());
    auto parts = find_parts(of_, name(), *wanted);
    if (!parts) return std::unexpected(std::move(parts).error());
    parts_.publish(nullptr, bound, version, std::move(*wanted), std::move(*parts));
    return {};
}

// As if each took a second, and a thousand might be ahead of their time.
bool policy_handle::may_compose() noexcept {
    constexpr std::uint64_t pause_ms = 1000, ahead_ms = 1000 * pause_ms;
    const std::uint64_t now = primitives::clock_ms(), before = std::max(hardware::load_relaxed(composed_ms_), now);
    if (before - now >= ahead_ms) return false;
    hardware::store_relaxed(composed_ms_, before + pause_ms);
    return true;
}

// The version is read before the names, so that a change meanwhile is seen the next time.
policy_handle::composition* policy_handle::compose_again(const primitives::policy& bound,
                                                         composition* before) noexcept {
    try {
        const shm::uncancelled while_it_looks;
        const std::uint64_t version = bound.version();
        const auto wanted = bound.options();
        if (!wanted) return before;
        const shm::segment& where = bound.attachment().where();
        const bool moved = &where != &before->of->attachment().where();
        const bool whole = !moved && !is_one_gone(*before->parts);
        if (whole && *wanted == before->options) {
            hardware::store_relaxed(before->version, version);
            return before;
        }
        if (!may_compose()) return before;
        // Only then: what was deleted stays deleted.
        if (moved) make_parts_again(*of_.handle(), where, *wanted);
        auto parts = whole && names_the_same_parts(*wanted, before->options)
                         ? with_deadline(wanted->deadline, *before->parts)
                         : find_parts(of_, name(), *wanted);
        // Anything else passes, so that the next call tries again.
        if (!parts && parts.error().code != Errc::not_found) return before;
        if (parts)
            parts_.publish(before, &bound, version, *wanted, std::move(*parts));
        else
            parts_.publish(before, &bound, version, before->options, before->parts);
    } catch (...) {  // no memory: with what there was, and the next call tries again
        return before;
    }
    return parts_.current();
}

void policy_handle::renew(const PolicyParts& seen) noexcept {
    constexpr std::uint64_t pause_ms = 10;
    composition* const now = parts_.current();
    const std::uint64_t ms = primitives::clock_ms();
    if (now->parts.get() != &seen || ms < hardware::load_relaxed(look_again_ms_)) return;
    hardware::store_relaxed(look_again_ms_, ms + pause_ms);
    try {
        const shm::uncancelled while_it_looks;
        if (!is_one_gone(seen)) return;  // the function's own guard was
        const std::uint64_t version = hardware::load_relaxed(now->version);
        const auto wanted = now->of->options();
        if (!wanted) return;
        if (auto parts = find_parts(of_, name(), *wanted); parts && may_compose())
            parts_.publish(now, now->of, version, *wanted, std::move(*parts));
    } catch (...) {  // no memory: a later call tries again
    }
}

}  // namespace seki::client
