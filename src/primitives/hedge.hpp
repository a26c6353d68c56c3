// A hedge: how long is waited before one more attempt, and a budget that all processes share, bound to their place in one mapped segment. The attempts
// themselves are the client's (client/hedge_race.hpp).
//
// A call that the first attempt answers in time writes a count of its own worker, and how long it took into the window of the host. Only one that
// is due another attempt takes from the budget.
//
// A death before the budget's compare-and-swap took nothing; after it an attempt is taken that nobody makes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include <seki/hedge.hpp>

#include "primitives/bound_place.hpp"
#include "primitives/hedge_terms.hpp"
#include "primitives/telemetry.hpp"
#include "shm/counters.hpp"
#include "shm/directory.hpp"
#include "shm/hedge_piece.hpp"
#include "shm/workers.hpp"

namespace seki::primitives {

// Immutable after binding, so any number of threads may use it. Does not own its shared memory but keeps it mapped.
class hedge : public bound_place {
public:
    using options_type = HedgeOptions;

    // `at` was found in the directory of `in`'s segment.
    hedge(std::shared_ptr<const shm::attachment> in, const shm::placement& at);

    // Begins a call, and counts it.
    [[nodiscard]] Errc begin(detail::hedge_run& run) const noexcept;
    // Whether one more attempt may be made; then it is taken from the budget, and counted.
    [[nodiscard]] bool may_add() const noexcept;

    // How a call ended. `first_ns`: what its first attempt took, or for how long it had not answered when it was stopped.
    struct ending {
        std::size_t attempts = 0;
        std::optional<std::size_t> winner{};
        bool first_succeeded = false;
        std::uint64_t first_ns = 0;
        std::uint64_t took_ns = 0;  // the call
        bool too_late = false;      // the deadline ended it
    };
    void end(const detail::hedge_run& run, const ending& how) const noexcept;

    [[nodiscard]] HedgeStatus status() const noexcept;
    [[nodiscard]] hedge_terms terms() const noexcept { return unpack_hedge(shm::read_terms(*entry_).values); }
    [[nodiscard]] HedgeOptions options() const noexcept { return to_options(terms()); }

private:
    void count(layout::counter which) const noexcept { shm::count(attachment_->me(), index_, incarnation_, which, 1); }

    shm::retry_budget<> budget_;
    shm::latency_window<> latencies_;
    emitter events_;
};

}  // namespace seki::primitives
