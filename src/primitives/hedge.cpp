#include "primitives/hedge.hpp"

#include "primitives/clock.hpp"
#include "primitives/hedge_status.hpp"

namespace seki::primitives {

hedge::hedge(std::shared_ptr<const shm::attachment> in, const shm::placement& at)
    : bound_place{std::move(in), at},
      budget_{shm::hedge_budget_of(attachment_->where(), at)},
      latencies_{shm::latencies_of(attachment_->where(), at)},
      events_{*attachment_, at} {}

Errc hedge::begin(detail::hedge_run& run) const noexcept {
    if (const Errc why = standing(); why != Errc::none) return why;
    if (!writable_) return Errc::read_only;
    const hedge_terms by = terms();
    run.from = this;
    run.max_extra = by.max_extra;
    run.start_ns = read_clock(Clock::precise);
    run.delay_ns = delay_of(by, by.percentile != 0 ? latencies_.quantile(run.start_ns / 1'000'000, by.percentile) : 0);
    count(layout::count_hedge_calls);
    return Errc::none;
}

bool hedge::may_add() const noexcept {
    if (standing() == Errc::deleted || emptied()) return false;
    attachment_->join();
    const bool granted = budget_.take(
        [this] { return standing() != Errc::deleted; }, clock_ms, [this] { return terms().budget; },
        [this] { return shm::sum(attachment_->where(), index_, incarnation_)[layout::count_hedge_calls]; });
    count(granted ? layout::count_hedge_requests : layout::count_hedge_denied);
    return granted;
}

// Of first attempts alone, and of one that did not succeed only that it took longer than the delay: whoever asks which share of them takes longer
// than that gets the right answer, although those were stopped. What failed sooner says nothing of how long a success takes.
void hedge::end(const detail::hedge_run& run, const ending& how) const noexcept {
    if (emptied()) return;
    if (how.first_succeeded || how.first_ns >= run.delay_ns)
        latencies_.record((run.start_ns + how.first_ns) / 1'000'000, how.first_ns);
    if (!how.winner)
        count(layout::count_hedge_failed);
    else if (*how.winner != 0)
        count(layout::count_hedge_wins);
    const hedge_status status = how.winner     ? (*how.winner == 0 ? hedge_status::first : hedge_status::extra)
                                : how.too_late ? hedge_status::deadline_exceeded
                                               : hedge_status::call_failed;
    events_.hedge_complete(status, how.attempts, how.took_ns);
}

HedgeStatus hedge::status() const noexcept { return hedge_status_of(attachment_->where(), place()); }

}  // namespace seki::primitives
