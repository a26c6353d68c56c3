// What a breaker looks like from outside, in plain values (report/snapshot.hpp).
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <seki/breaker.hpp>

#include "layout/breaker.hpp"
#include "shm/directory.hpp"
#include "shm/histogram.hpp"
#include "shm/segment.hpp"
#include "shm/transition_counts.hpp"

namespace seki::report {

struct breaker_counters {
    std::uint64_t ok = 0, error = 0, slow = 0, ignored = 0, rejected = 0;  // calls
    std::uint64_t would_open = 0;  // outcomes that would have opened it, had it not only observed
};

struct breaker_facts {
    shm::placement place;
    BreakerOptions options;    // in force
    BreakerOptions made_with;  // at its creation
    std::chrono::sys_time<std::chrono::nanoseconds> created;
    BreakerStatus status;
    breaker_counters counters;
    shm::transition_table transitions{};  // [from][to]
    shm::durations durations;             // of calls that were let in

    // Of the calls in the window; 0 when there are none.
    [[nodiscard]] double failure_ratio() const noexcept { return ratio(status.errors); }
    [[nodiscard]] double slow_ratio() const noexcept { return ratio(status.slow); }
    [[nodiscard]] std::uint64_t transitions_made() const noexcept;

private:
    [[nodiscard]] double ratio(std::uint64_t of) const noexcept {
        return status.calls == 0 ? 0 : static_cast<double>(of) / static_cast<double>(status.calls);
    }
};

[[nodiscard]] breaker_facts look_at_breaker(const shm::segment& where, const shm::placement& at);

}  // namespace seki::report
