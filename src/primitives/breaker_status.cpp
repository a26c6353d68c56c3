#include "primitives/breaker_status.hpp"

#include <algorithm>

#include <seki/limiter.hpp>

#include "primitives/clock.hpp"

namespace seki::primitives {
namespace {

namespace law_of = algorithm::breaker;
using std::chrono::nanoseconds;

static_assert(static_cast<int>(BreakerState::closed) == static_cast<int>(law_of::state::closed));
static_assert(static_cast<int>(BreakerState::open) == static_cast<int>(law_of::state::open));
static_assert(static_cast<int>(BreakerState::half_open) == static_cast<int>(law_of::state::half_open));
static_assert(static_cast<int>(BreakerState::forced_open) == static_cast<int>(law_of::state::forced_open));
static_assert(static_cast<int>(BreakerState::forced_closed) == static_cast<int>(law_of::state::forced_closed));
static_assert(static_cast<int>(BreakerState::observe) == static_cast<int>(law_of::state::observe));

nanoseconds span_of(algorithm::nanos ns) noexcept {
    return nanoseconds{static_cast<nanoseconds::rep>(std::min<algorithm::nanos>(ns, never.count()))};
}

// What a call now would be told to wait; 0 where it would not be refused for the state's sake.
nanoseconds retry_after(const law_of::position& at, const law_of::terms& law, algorithm::nanos now) noexcept {
    if (law_of::passes(at.state)) return nanoseconds{0};
    const auto asked = law_of::react(at, law_of::event::call, at.generation, now, law);
    if (asked.transition) return nanoseconds{0};
    return span_of(asked.retry_after);
}

}  // namespace

BreakerStatus status_of(const shm::breaker<>& breaker, const law_of::terms& law, algorithm::nanos now) noexcept {
    const law_of::position at = breaker.look();
    const law_of::tally window = breaker.window(law, now);
    const auto probes = breaker.for_each_probe([](std::uint64_t) {});
    return {.state = static_cast<BreakerState>(at.state),
            .for_duration = span_of(law_of::elapsed(at, now)),
            .retry_after = retry_after(at, law, now),
            .reopened = at.reopened,
            .calls = window.total,
            .errors = window.errors,
            .slow = window.slow,
            .probes = probes.taken,
            .probes_ok = probes.ok};
}

BreakerStatus status_of(const shm::breaker<>& breaker, const law_of::terms& law) noexcept {
    return status_of(breaker, law, read_clock(Clock::precise));
}

}  // namespace seki::primitives
