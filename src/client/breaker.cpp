#include <seki/breaker.hpp>

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "client/bound_handle.hpp"
#include "primitives/breaker.hpp"
#include "primitives/breaker_status.hpp"

namespace seki {
namespace {

using std::chrono::nanoseconds;

struct precise {
    std::uint64_t operator()() const noexcept { return primitives::read_clock(Clock::precise); }
};

nanoseconds span_of(std::uint64_t ns) noexcept {
    return nanoseconds{static_cast<nanoseconds::rep>(std::min<std::uint64_t>(ns, never.count()))};
}

}  // namespace

namespace detail {

void tell_breaker(const breaker_pass& pass, Outcome outcome) noexcept { pass.from->report(pass, outcome, precise{}); }

void tell_breaker(const breaker_pass& pass, Outcome outcome, nanoseconds took) noexcept {
    pass.from->report(pass, outcome, precise{},
                      static_cast<std::uint64_t>(std::max(took.count(), nanoseconds::rep{0})));
}

}  // namespace detail

Refusal Breaker::enter(detail::breaker_pass& pass) const noexcept {
    auto answer = handle_->bound().admit(pass, precise{});
    if (answer.error == Errc::superseded) [[unlikely]]
        answer = handle_->with([&](const primitives::breaker& bound) { return bound.admit(pass, precise{}); });
    return {answer.error, span_of(answer.retry_after)};
}

Admission Breaker::admit() const noexcept {
    Admission made;
    made.why_ = enter(made.pass_);
    if (made) made.keep_ = handle_;
    return made;
}

Result<BreakerStatus> Breaker::status() const {
    const auto [bound, why] = handle_->find_standing();
    if (why != Errc::none) return std::unexpected(explain(why));
    return primitives::status_of(bound->shared(), bound->terms().law);
}

Result<BreakerState> Breaker::state() const {
    const auto now = status();
    if (!now) return std::unexpected(now.error());
    return now->state;
}

namespace {

Errc operate(client::breaker_handle& handle, algorithm::breaker::event what) noexcept {
    return handle.with([what](const primitives::breaker& bound) { return bound.operate(what); });
}

}  // namespace

Errc Breaker::open() const noexcept { return operate(*handle_, algorithm::breaker::event::force_open); }
Errc Breaker::close() const noexcept { return operate(*handle_, algorithm::breaker::event::force_closed); }
Errc Breaker::observe() const noexcept { return operate(*handle_, algorithm::breaker::event::observe); }
Errc Breaker::automatic() const noexcept { return operate(*handle_, algorithm::breaker::event::automatic); }
Errc Breaker::reset() const noexcept { return operate(*handle_, algorithm::breaker::event::reset); }

Error Breaker::explain(Errc why) const try {
    const auto say = [&](std::string_view what) {
        return Error{why, fmt::format("breaker \"{}\": {}", handle_->name(), what)};
    };
    switch (why) {
        case Errc::none: return {};
        case Errc::circuit_open:
            return say("it lets no calls through now: too many of the last ones failed or were slow");
        case Errc::call_failed: return say("the function was called, and answered an error of its own");
        case Errc::deleted:
        case Errc::superseded: return say(client::why_it_is_gone(why));
        case Errc::read_only: return say("the segment is attached for reading only: calls need it for writing");
        default: return say(to_string(why));
    }
} catch (...) {  // no memory for the sentence
    return {why, {}};
}

std::string_view Breaker::name() const noexcept { return handle_->name(); }

Result<BreakerOptions> Breaker::options() const {
    const auto [bound, why] = handle_->find_standing();
    if (why != Errc::none) return std::unexpected(explain(why));
    return bound->options();
}

}  // namespace seki
