#include <seki/hedge.hpp>

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "client/bound_handle.hpp"
#include "client/hedge_race.hpp"
#include "primitives/clock.hpp"
#include "primitives/hedge.hpp"
#include "shm/uncancelled.hpp"

namespace seki {

using std::chrono::nanoseconds;

namespace detail {
namespace {

Deadline::time_point moment_of(std::uint64_t ns) noexcept {
    return Deadline::time_point{nanoseconds{static_cast<nanoseconds::rep>(ns)}};
}

}  // namespace

// Attempts write into what the caller's frames hold, so he may not be cancelled out of them before the last has ended.
hedge_end hold_race(const hedge_run& run, const hedge_work& work, const hedge_executor& executor) {
    const shm::uncancelled while_attempts_run;
    const auto race = std::make_shared<client::hedge_race>(work);
    const Deadline::time_point deadline = Deadline::current();
    std::uint64_t extra = run.max_extra;
    std::uint64_t next = run.start_ns + run.delay_ns;
    bool too_late = false;
    race->start(executor);
    for (;;) {  // max_extra + 2 rounds at most
        const bool may_add = extra > 0 && moment_of(next) < deadline;
        if (race->wait_until(may_add ? moment_of(next) : deadline)) break;
        too_late = !may_add;
        if (too_late) break;
        --extra;
        next += run.delay_ns;
        // Who is denied one does not ask again: the budget is spent for this second.
        if (run.from->may_add())
            race->start(executor);
        else
            extra = 0;
    }
    const std::uint64_t stopped = primitives::read_clock(Clock::precise);
    race->finish();
    const std::uint64_t ended = primitives::read_clock(Clock::precise);
    const auto& first = race->first();
    const std::uint64_t first_ended = first.ended_ns.value_or(stopped);
    hedge_end end{.attempts = race->attempts(), .winner = race->winner()};
    if (too_late) end.why = Errc::deadline_exceeded;
    run.from->end(run, {.attempts = end.attempts,
                        .winner = end.winner,
                        .first_succeeded = first.succeeded,
                        .first_ns = first_ended - std::min(run.start_ns, first_ended),
                        .took_ns = ended - run.start_ns,
                        .too_late = too_late});
    return end;
}

}  // namespace detail

Refusal Hedge::enter(detail::hedge_run& run) const noexcept {
    if (Deadline::exceeded()) return {Errc::deadline_exceeded};
    return {handle_->with([&run](const primitives::hedge& bound) { return bound.begin(run); })};
}

Result<HedgeStatus> Hedge::status() const {
    const auto [bound, why] = handle_->find_standing();
    if (why != Errc::none) return std::unexpected(explain(why));
    return bound->status();
}

Error Hedge::explain(Errc why) const try {
    const auto say = [&](std::string_view what) {
        return Error{why, fmt::format("hedge \"{}\": {}", handle_->name(), what)};
    };
    switch (why) {
        case Errc::none: return {};
        case Errc::call_failed: return say("all attempts that were begun have failed, each with its own error");
        case Errc::deadline_exceeded:
            return say("no attempt had succeeded when the deadline of the calling thread was over");
        case Errc::system: return say("the executor threw the attempt away without having called it");
        case Errc::deleted:
        case Errc::superseded: return say(client::why_it_is_gone(why));
        case Errc::read_only: return say("the segment is attached for reading only: open it for writing");
        default: return say(to_string(why));
    }
} catch (...) {  // no memory for the sentence
    return {why, {}};
}

std::string_view Hedge::name() const noexcept { return handle_->name(); }

Result<HedgeOptions> Hedge::options() const {
    const auto [bound, why] = handle_->find_standing();
    if (why != Errc::none) return std::unexpected(explain(why));
    return bound->options();
}

}  // namespace seki
