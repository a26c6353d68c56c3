#include <seki/retry.hpp>

#include <algorithm>

#include <fmt/format.h>

#include "client/bound_handle.hpp"
#include "client/sleep.hpp"
#include "primitives/clock.hpp"
#include "primitives/retry.hpp"

namespace seki {

using std::chrono::nanoseconds;

namespace detail {

RetryStep fail_attempt(retry_run& run, nanoseconds at_least) noexcept { return run.from->fail(run, at_least); }

void end_run(const retry_run& run, bool succeeded) noexcept { run.from->end(run, succeeded); }

void sleep_for(nanoseconds span) noexcept {
    if (span <= nanoseconds{0}) return;
    client::sleep_until(primitives::read_clock(Clock::precise) + static_cast<std::uint64_t>(span.count()));
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

RetryStep RetryLoop::failed(Again wanted) noexcept {
    if (!*this) return {.attempt = run_.attempt, .why = why_.code != Errc::none ? why_.code : Errc::call_failed};
    RetryStep step{.attempt = run_.attempt, .why = Errc::call_failed};
    if (wanted)
        step = run_.from->fail(run_, wanted.wait);
    else
        run_.from->end(run_, false);
    if (!step) run_.from = nullptr;
    return step;
}

void RetryLoop::succeeded() noexcept {
    if (!*this) return;
    run_.from->end(run_, true);
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
        case Errc::deleted: return say("it was deleted: ask the segment for it again, or stop using it");
        case Errc::superseded:
            return say(
                "its segment was destroyed or replaced, and there is no other yet: start sekid, or open the segment "
                "again");
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
