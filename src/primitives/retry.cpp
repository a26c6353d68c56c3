#include "primitives/retry.hpp"

#include <algorithm>

#include "algorithm/backoff.hpp"
#include "primitives/clock.hpp"
#include "primitives/deadline.hpp"
#include "primitives/random.hpp"
#include "primitives/retry_status.hpp"

namespace seki::primitives {

using layout::event_kind;

retry::retry(std::shared_ptr<const shm::attachment> in, const shm::placement& at)
    : bound_place{std::move(in), at}, budget_{shm::budget_of(attachment_->where(), at)}, events_{*attachment_, at} {}

// The budget last: what would not be made takes nothing from it.
Errc retry::may_go_on(const retry_terms& by, std::uint64_t attempt, std::uint64_t wait_ns) const noexcept {
    // In the successor of a segment that was replaced there is another budget; this one still holds.
    if (standing() == Errc::deleted) return Errc::deleted;
    if (attempt >= by.max_attempts) return Errc::call_failed;
    if (deadline_of_thread != no_deadline) {
        const std::uint64_t now = read_clock(Clock::precise);
        if (now >= deadline_of_thread || wait_ns >= deadline_of_thread - now) return Errc::deadline_exceeded;
    }
    const auto stands = [this] { return standing() != Errc::deleted; };
    const bool granted = budget_.take(
        stands, clock_ms, [this] { return terms().budget; },
        [this] { return shm::sum(attachment_->where(), index_, incarnation_)[layout::count_retry_calls]; });
    if (granted) return Errc::none;
    return stands() ? Errc::budget_spent : Errc::deleted;
}

RetryStep retry::fail(detail::retry_run& run, std::chrono::nanoseconds at_least, Errc error) const noexcept {
    if (emptied()) return {.attempt = run.attempt, .why = Errc::call_failed};
    attachment_->join();
    const retry_terms by = terms();
    const std::uint64_t own = algorithm::backoff::delay(by.backoff, run.attempt, run.delay_ns, next_random());
    const auto asked = static_cast<std::uint64_t>(std::max(at_least, std::chrono::nanoseconds{0}).count());
    const std::uint64_t wait = std::max(own, asked);
    RetryStep step{.attempt = run.attempt, .why = may_go_on(by, run.attempt, wait)};
    events_.retry_attempt(run.attempt, error);
    if (step.why != Errc::none) {
        if (step.why != Errc::deleted)
            count(step.why == Errc::budget_spent ? layout::count_retry_denied : layout::count_retry_exhausted);
        events_.retry_exhausted(run.attempt, step.why);
        return step;
    }
    step.again = true;
    step.delay = std::chrono::nanoseconds{static_cast<std::chrono::nanoseconds::rep>(wait)};
    count(layout::count_retry_retries);
    events_.retry_retry(run.attempt, wait, error);
    ++run.attempt;
    run.delay_ns = own;
    return step;
}

void retry::end(const detail::retry_run& run, Errc error) const noexcept {
    if (emptied()) return;
    events_.retry_attempt(run.attempt, error);
    if (error != Errc::none) return;
    if (run.attempt > 1) count(layout::count_retry_recovered);
    events_.retry_success(run.attempt);
}

RetryStatus retry::status() const noexcept { return retry_status_of(attachment_->where(), place()); }

}  // namespace seki::primitives
