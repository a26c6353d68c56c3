#include <seki/bulkhead.hpp>

#include <algorithm>

#include <fmt/format.h>

#include "client/bound_handle.hpp"
#include "primitives/bulkhead.hpp"

namespace seki {

using primitives::bulkhead;
using std::chrono::nanoseconds;

bool Permit::give_back() noexcept {
    shm::permit held{.owner = std::exchange(owner_, 0), .token = token_, .index = index_};
    const bool given = from_->give_back(held);
    // Else it may be C's copy of one that was given back, which has no share of its own: src/capi/bulkhead.cpp.
    if (given) keep_.reset();
    return given;
}

Result<Permit> Bulkhead::try_acquire() const noexcept { return take(0); }

Result<Permit> Bulkhead::acquire() const noexcept { return take(bulkhead::patience::as_configured); }

Result<Permit> Bulkhead::acquire(nanoseconds timeout) const noexcept {
    return take(static_cast<std::uint64_t>(std::max(timeout, nanoseconds{0}).count()));
}

// The first look is inlined: an answer that is handed on by a copy right after it was written is waited for (bench/permits).
Result<Permit> Bulkhead::take(std::uint64_t timeout_ns) const noexcept {
    bulkhead::patience with{.timeout_ns = timeout_ns};
    const auto handed_out = [this](const bulkhead::answer& given) {
        return Result<Permit>{Permit{handle_, given.from, given.held.owner, given.held.token, given.held.index}};
    };
    const bulkhead::answer first = handle_->bound().take(with);
    if (first.error == Errc::none) return handed_out(first);
    // A full bulkhead refuses in a few nanoseconds: by a text that needs no memory of its own.
    if (first.error == Errc::bulkhead_full) return Result<Permit>{std::unexpect, first.error, "bulkhead full"};
    if (first.error != Errc::superseded) return refusal(first.error);
    const bulkhead::answer next = handle_->with([&with](const bulkhead& bound) { return bound.take_again(with); });
    return next.error == Errc::none ? handed_out(next) : refusal(next.error);
}

Result<Permit> Bulkhead::refusal(Errc why) const noexcept { return std::unexpected(explain(why)); }

Result<BulkheadStatus> Bulkhead::status() const {
    const auto [bound, why] = handle_->find_standing();
    if (why != Errc::none) return std::unexpected(explain(why));
    return bound->status();
}

Error Bulkhead::explain(Errc why) const try {
    const auto say = [&](std::string_view what) {
        return Error{why, fmt::format("bulkhead \"{}\": {}", handle_->name(), what)};
    };
    const BulkheadOptions now = handle_->bound().options();
    switch (why) {
        case Errc::none: return {};
        case Errc::bulkhead_full:
            return say(
                fmt::format("all permits (max_concurrent is {}) are held, and it was not waited for one, or as "
                            "many wait as may (max_waiting is {}): try again later, wait, or raise these",
                            now.max_concurrent, now.max_waiting));
        case Errc::timeout:
            return say(
                fmt::format("none of its permits (max_concurrent is {}) came back in time: try again later, "
                            "wait longer, or raise max_concurrent",
                            now.max_concurrent));
        case Errc::deadline_exceeded:
            return say(
                fmt::format("none of its permits (max_concurrent is {}) came back before the deadline of the calling "
                            "thread: begin earlier, allow more time, or raise max_concurrent",
                            now.max_concurrent));
        case Errc::deleted:
        case Errc::superseded: return say(client::why_it_is_gone(why));
        case Errc::read_only: return say("the segment is attached for reading only: open it for writing");
        case Errc::no_space: return say(handle_->why_no_slot());
        default: return say(to_string(why));
    }
} catch (...) {  // no memory for the sentence
    return {why, {}};
}

std::string_view Bulkhead::name() const noexcept { return handle_->name(); }

Result<BulkheadOptions> Bulkhead::options() const {
    const auto [bound, why] = handle_->find_standing();
    if (why != Errc::none) return std::unexpected(explain(why));
    return bound->options();
}

}  // namespace seki
