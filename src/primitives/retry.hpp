// A retry: backoff, and a budget that all processes share, bound to their place in one mapped segment.
//
// The path of a call that succeeds: look whether the retry still stands; find this thread's slot; count. It writes to nothing but the worker's own
// block, and reads no clock. Only an attempt that failed reads the terms and the clock, and takes from the budget (shm/retry_budget.hpp).
//
// A death before the budget's compare-and-swap took nothing; after it a retry is taken that nobody makes.
#pragma once

#include <cstdint>
#include <memory>

#include <seki/retry.hpp>

#include "primitives/bound_place.hpp"
#include "primitives/retry_terms.hpp"
#include "primitives/telemetry.hpp"
#include "shm/counters.hpp"
#include "shm/directory.hpp"
#include "shm/retry_piece.hpp"
#include "shm/workers.hpp"

namespace seki::primitives {

// Immutable after binding, so any number of threads may use it. Does not own its shared memory but keeps it mapped.
class retry : public bound_place {
public:
    using options_type = RetryOptions;

    // `at` was found in the directory of `in`'s segment.
    retry(std::shared_ptr<const shm::attachment> in, const shm::placement& at);

    // Begins a call, and counts it.
    [[nodiscard]] Errc begin(detail::retry_run& run) const noexcept;
    // What follows an attempt of it that failed with `error`. `at_least`: what the server asks for.
    [[nodiscard]] RetryStep fail(detail::retry_run& run, std::chrono::nanoseconds at_least,
                                 Errc error = Errc::call_failed) const noexcept;
    // `error` is none when it succeeded.
    void end(const detail::retry_run& run, Errc error) const noexcept;

    [[nodiscard]] RetryStatus status() const noexcept;
    [[nodiscard]] retry_terms terms() const noexcept { return unpack_retry(shm::read_terms(*entry_).values); }
    [[nodiscard]] RetryOptions options() const noexcept { return to_options(terms()); }

private:
    [[nodiscard]] Errc may_go_on(const retry_terms& by, std::uint64_t attempt, std::uint64_t wait_ns) const noexcept;
    void count(layout::counter which) const noexcept { shm::count(attachment_->me(), index_, incarnation_, which, 1); }

    shm::retry_budget<> budget_;
    emitter events_;
};

[[gnu::always_inline]] inline Errc retry::begin(detail::retry_run& run) const noexcept {
    if (const Errc why = standing(); why != Errc::none) [[unlikely]]
        return why;
    if (!writable_) [[unlikely]]
        return Errc::read_only;
    run.from = this;
    run.watched = events_.watched(emitter::retry_events);
    count(layout::count_retry_calls);
    return Errc::none;
}

}  // namespace seki::primitives
