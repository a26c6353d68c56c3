#include <seki/shedder.hpp>

#include <algorithm>

#include <fmt/format.h>

#include "client/bound_handle.hpp"
#include "primitives/duration.hpp"
#include "primitives/shedder.hpp"

namespace seki {

using primitives::shedder;

bool InFlight::give_back() noexcept {
    shm::permit held{.owner = std::exchange(owner_, 0), .token = token_, .index = index_};
    const bool given = from_->complete(held);
    keep_.reset();
    return given;
}

Result<InFlight> Shedder::admit(unsigned priority) const noexcept { return take(priority, shedder::not_known); }

Result<InFlight> Shedder::admit(unsigned priority, time_point arrived) const noexcept {
    const auto ns = std::chrono::nanoseconds{arrived.time_since_epoch()}.count();
    return take(priority, static_cast<std::uint64_t>(std::max<std::int64_t>(ns, 1)));
}

Result<InFlight> Shedder::take(unsigned priority, std::uint64_t arrived_ns) const noexcept {
    if (priority >= ShedderStatus::priorities) [[unlikely]]
        return std::unexpected(explain(Errc::invalid_argument));
    shedder::answer given = handle_->bound().admit(priority, arrived_ns);
    if (given.error == Errc::superseded) [[unlikely]]
        given = handle_->with([=](const shedder& bound) { return bound.admit(priority, arrived_ns); });
    // Shed in a few nanoseconds: by a text that needs no memory of its own.
    if (given.error == Errc::load_shed) return Result<InFlight>{std::unexpect, given.error, "load shed"};
    if (given.error != Errc::none) [[unlikely]]
        return std::unexpected(explain(given.error));
    Result<InFlight> let_in{std::in_place};
    if (!given.held) return let_in;
    let_in->keep_ = handle_;
    let_in->from_ = given.from;
    let_in->owner_ = given.held.owner;
    let_in->token_ = given.held.token;
    let_in->index_ = given.held.index;
    return let_in;
}

Result<ShedderStatus> Shedder::status() const {
    const auto [bound, why] = handle_->find_standing();
    if (why != Errc::none) return std::unexpected(explain(why));
    return bound->status();
}

Error Shedder::explain(Errc why) const try {
    const auto say = [&](std::string_view what) {
        return Error{why, fmt::format("shedder \"{}\": {}", handle_->name(), what)};
    };
    switch (why) {
        case Errc::none: return {};
        case Errc::load_shed:
            return say(
                fmt::format("too much is in flight for its priority (max_in_flight is {}), or requests have "
                            "waited longer than target ({}) for an interval: answer 503, and let the client "
                            "come back later",
                            handle_->bound().options().max_in_flight,
                            primitives::format_duration(handle_->bound().options().target)));
        case Errc::invalid_argument: return say("there is no such priority: 0 to 3");
        case Errc::deleted:
        case Errc::superseded: return say(client::why_it_is_gone(why));
        case Errc::read_only: return say("the segment is attached for reading only: open it for writing");
        case Errc::no_space: return say(handle_->why_no_slot());
        default: return say(to_string(why));
    }
} catch (...) {  // no memory for the sentence
    return {why, {}};
}

std::string_view Shedder::name() const noexcept { return handle_->name(); }

Result<ShedderOptions> Shedder::options() const {
    const auto [bound, why] = handle_->find_standing();
    if (why != Errc::none) return std::unexpected(explain(why));
    return bound->options();
}

}  // namespace seki
