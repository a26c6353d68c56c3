#include <seki/adaptive.hpp>

#include <algorithm>

#include <fmt/format.h>

#include "client/bound_handle.hpp"
#include "primitives/adaptive.hpp"
#include "primitives/clock.hpp"

namespace seki {

using primitives::adaptive;
using std::chrono::nanoseconds;

bool AdaptivePermit::give_back(Outcome outcome) noexcept {
    shm::permit held{.owner = std::exchange(owner_, 0), .token = token_, .index = index_};
    const bool given = from_->give_back(held, outcome, started_ns_);
    keep_.reset();
    return given;
}

Result<AdaptivePermit> Adaptive::try_acquire() const noexcept { return take(0); }

Result<AdaptivePermit> Adaptive::acquire() const noexcept { return take(adaptive::patience::as_configured); }

Result<AdaptivePermit> Adaptive::acquire(nanoseconds timeout) const noexcept {
    return take(static_cast<std::uint64_t>(std::max(timeout, nanoseconds{0}).count()));
}

Result<AdaptivePermit> Adaptive::take(std::uint64_t timeout_ns) const noexcept {
    adaptive::patience with{.timeout_ns = timeout_ns};
    adaptive::answer given = handle_->bound().take(with);
    if (given.error == Errc::superseded) [[unlikely]]
        given = handle_->with([&with](const adaptive& bound) { return bound.take_again(with); });
    // Refused in a few nanoseconds: by a text that needs no memory of its own.
    if (given.error == Errc::bulkhead_full) return Result<AdaptivePermit>{std::unexpect, given.error, "limit reached"};
    if (given.error != Errc::none) [[unlikely]]
        return std::unexpected(explain(given.error));
    Result<AdaptivePermit> handed_out{std::in_place};
    handed_out->keep_ = handle_;
    handed_out->from_ = given.from;
    handed_out->owner_ = given.held.owner;
    handed_out->token_ = given.held.token;
    handed_out->index_ = given.held.index;
    handed_out->started_ns_ = primitives::read_clock(Clock::precise);
    return handed_out;
}

Result<AdaptiveStatus> Adaptive::status() const {
    const auto [bound, why] = handle_->find_standing();
    if (why != Errc::none) return std::unexpected(explain(why));
    return bound->status();
}

Error Adaptive::explain(Errc why) const try {
    const auto say = [&](std::string_view what) {
        return Error{why, fmt::format("adaptive \"{}\": {}", handle_->name(), what)};
    };
    const std::uint64_t limit = handle_->bound().permits().max();
    switch (why) {
        case Errc::none: return {};
        case Errc::bulkhead_full:
            return say(
                fmt::format("as many calls as the limit of now allows ({}) are in flight, and it was not waited, or as "
                            "many wait as may (max_waiting is {}): try again later, wait, or raise min_limit",
                            limit, handle_->bound().options().max_waiting));
        case Errc::timeout:
            return say(fmt::format("no call ended in time, and the limit of now is {}: try again later, or wait longer",
                                   limit));
        case Errc::deadline_exceeded:
            return say(fmt::format(
                "no call ended before the deadline of the calling thread, and the limit of now is {}: begin "
                "earlier, or allow more time",
                limit));
        case Errc::deleted:
        case Errc::superseded: return say(client::why_it_is_gone(why));
        case Errc::read_only: return say("the segment is attached for reading only: open it for writing");
        case Errc::no_space: return say(handle_->why_no_slot());
        default: return say(to_string(why));
    }
} catch (...) {  // no memory for the sentence
    return {why, {}};
}

std::string_view Adaptive::name() const noexcept { return handle_->name(); }

Result<AdaptiveOptions> Adaptive::options() const {
    const auto [bound, why] = handle_->find_standing();
    if (why != Errc::none) return std::unexpected(explain(why));
    return bound->options();
}

}  // namespace seki
