#include <seki/retry.hpp>

#include <algorithm>

#include <fmt/format.h>

#include "client/bound_handle.hpp"
#include "client/sleep.hpp"
#include "primitives/clock.hpp"
#include "primitives/deadline.hpp"
#include "primitives/may_sleep.hpp"
#include "primitives/retry.hpp"

namespace seki {

using std::chrono::nanoseconds;

namespace detail {

RetryStep fail_attempt(retry_run& run, nanoseconds at_least, Errc error) noexcept {
    return run.from->fail(run, at_least, error);
}

void end_run(const retry_run& run, Errc error) noexcept { run.from->end(run, error); }

// on_retry may have taken its time, or set a deadline. Where somebody is asked whether to go on, he is asked every few milliseconds.
bool sleep_for(nanoseconds span) noexcept {
    if (span <= nanoseconds{0}) return true;
    constexpr std::uint64_t ask_again_ns = 50'000'000;
    std::uint64_t now = primitives::read_clock(Clock::precise);
    const std::uint64_t end = std::min(now + static_cast<std::uint64_t>(span.count()), primitives::deadline_of_thread);
    for (; now < end; now = primitives::read_clock(Clock::precise)) {
        if (!primitives::may_sleep()) return false;
        const bool asked = primitives::sleep_asked_of_thread.ask != nullptr;
        client::sleep_until(asked ? std::min(end, now + ask_again_ns) : end);
    }
    return true;
}

}  // namespace detail

Refusal Retry::enter(detail::retry_run& run) const noexcept {
    Errc why = handle_->bound().begin(run);
    if (why == Errc::superseded) [[unlikely]]
        why = handle_->with([&run](const primitives::retry& bound) { return bound.begin(run); });
    return {why};
}

RetryLoop Retry::begin() const noexcept {
    RetryLoop made;
    made.why_ = enter(made.run_);
    if (made) made.keep_ = handle_;
    return made;
}

RetryStep RetryLoop::failed(Again wanted, Errc error) noexcept {
    if (!*this) return {.attempt = run_.attempt, .why = why_.code != Errc::none ? why_.code : Errc::call_failed};
    RetryStep step{.attempt = run_.attempt, .why = Errc::call_failed};
    if (wanted)
        step = run_.from->fail(run_, wanted.wait, error);
    else
        run_.from->end(run_, error);
    if (!step) run_.from = nullptr;
    return step;
}

void RetryLoop::succeeded() noexcept {
    if (!*this) return;
    run_.from->end(run_, Errc::none);
    run_.from = nullptr;
}

Result<RetryStatus> Retry::status() const {
    const auto [bound, why] = handle_->find_standing();
    if (why != Errc::none) return std::unexpected(explain(why));
    return bound->status();
}

Error Retry::explain(Errc why) const try {
    const auto say = [&](std::string_view what) {
        return Error{why, fmt::format("retry \"{}\": {}", handle_->name(), what)};
    };
    const RetryOptions now = handle_->bound().options();
    switch (why) {
        case Errc::none: return {};
        case Errc::call_failed:
            return say(
                fmt::format("every attempt failed (max_attempts is {}), or was not worth another", now.max_attempts));
        case Errc::budget_spent:
            return say(fmt::format(
                "so many calls of this host were made again that there may be no more for now (ratio is {}, "
                "min_per_second is {}): see to what fails, or raise these",
                now.ratio, now.min_per_second));
        case Errc::deadline_exceeded:
            return say("the next attempt would have begun after the deadline of the calling thread");
        case Errc::interrupted: return say("the calling thread was told to stop waiting for the next attempt");
        case Errc::deleted:
        case Errc::superseded: return say(client::why_it_is_gone(why));
        case Errc::read_only: return say("the segment is attached for reading only: open it for writing");
        default: return say(to_string(why));
    }
} catch (...) {  // no memory for the sentence
    return {why, {}};
}

std::string_view Retry::name() const noexcept { return handle_->name(); }

Result<RetryOptions> Retry::options() const {
    const auto [bound, why] = handle_->find_standing();
    if (why != Errc::none) return std::unexpected(explain(why));
    return bound->options();
}

}  // namespace seki
