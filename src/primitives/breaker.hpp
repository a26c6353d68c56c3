// A breaker: its law, windows and probes, bound to their place in one mapped segment.
//
// The path of a call that is let in, in its order: read the breaker's word; look whether it still stands, so that this is its own; read the clock. The function runs. Ask for the
// line that the outcome goes to; read the clock (the line arrives meanwhile); read the terms; put the outcome into the window, which is one
// compare-and-swap; look whether these terms are still in force; count. A refusal writes to nothing but the worker's own counters.
//
// A death before that compare-and-swap told nothing; after it the outcome counts. Who changes terms publishes them, swaps the window's end for itself, and
// then judges the window; who puts in an outcome looks at the terms after its swap. So of the two the one whose swap came last saw what the other did,
// and judges the window with the outcome in it by the terms that are new. Should the latter die before it does, the next bad outcome is judged with the rest.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>

#include <seki/breaker.hpp>

#include "layout/breaker.hpp"
#include "primitives/bound_place.hpp"
#include "primitives/breaker_actor.hpp"
#include "primitives/breaker_terms.hpp"
#include "primitives/breaker_upkeep.hpp"
#include "primitives/own_name.hpp"
#include "primitives/telemetry.hpp"
#include "shm/asking_time.hpp"
#include "shm/breaker.hpp"
#include "shm/counters.hpp"
#include "shm/directory.hpp"
#include "shm/histogram.hpp"
#include "shm/process_token.hpp"
#include "shm/workers.hpp"

namespace seki::primitives {

constexpr breaker_law::outcome to_law(Outcome outcome) noexcept {
    static_assert(static_cast<int>(Outcome::ignore) == static_cast<int>(breaker_law::outcome::ignore));
    static_assert(static_cast<int>(Outcome::ok) == static_cast<int>(breaker_law::outcome::ok));
    static_assert(static_cast<int>(Outcome::error) == static_cast<int>(breaker_law::outcome::error));
    static_assert(static_cast<int>(Outcome::slow) == static_cast<int>(breaker_law::outcome::slow));
    return static_cast<breaker_law::outcome>(static_cast<std::uint8_t>(outcome) & 3);
}

constexpr layout::counter counter_of(breaker_law::outcome outcome) noexcept {
    switch (outcome) {
        case breaker_law::outcome::ok: return layout::count_call_ok;
        case breaker_law::outcome::error: return layout::count_call_error;
        case breaker_law::outcome::slow: return layout::count_call_slow;
        case breaker_law::outcome::ignore: break;
    }
    return layout::count_call_ignored;
}

// Immutable after binding, so any number of threads may use it. Does not own its shared memory but keeps it mapped.
class breaker : public bound_place {
public:
    using options_type = BreakerOptions;
    using nanos = algorithm::nanos;

    // `at` was found in the directory of `in`'s segment.
    breaker(std::shared_ptr<const shm::attachment> in, const shm::placement& at);

    struct answer {
        Errc error = Errc::none;  // none: let in, and the pass is filled
        nanos retry_after = 0;    // of a refusal
    };
    // `clock` answers nanoseconds of CLOCK_MONOTONIC: what tests put in the clock's place.
    template <class Time>
    [[nodiscard]] answer admit(detail::breaker_pass& pass, Time clock) const noexcept;
    // What the call came to. Once for each that was let in; in a child of the process that asked it does nothing. `took`: as its caller measured it;
    // otherwise since it was let in.
    template <class Time>
    void report(const detail::breaker_pass& pass, Outcome said, Time clock,
                std::optional<nanos> took = std::nullopt) const noexcept;

    // An operator's word.
    Errc operate(algorithm::breaker::event what) const noexcept;

    [[nodiscard]] breaker_terms terms() const noexcept { return unpack_breaker(shm::read_wide_terms(*entry_).values); }
    [[nodiscard]] BreakerOptions options() const noexcept { return to_options(terms()); }
    [[nodiscard]] const shm::breaker<>& shared() const noexcept { return shared_; }
    [[nodiscard]] const shm::histogram<>& durations() const noexcept { return durations_; }

private:
    // Who calls, as shm::breaker asks for it.
    template <class Time>
    struct caller;

    template <class Time>
    [[nodiscard]] answer refuse(detail::breaker_pass& pass, Time clock) const noexcept;
    template <class Time>
    [[nodiscard]] answer admit_carefully(detail::breaker_pass& pass, Time clock) const noexcept;
    // One by one: what is copied right after it was written is waited for. What was told before the clock is read, or it would be kept meanwhile.
    template <class Time>
    void let_in(detail::breaker_pass& pass, Time clock, const shm::breaker<>::admission& told) const noexcept {
        pass.generation = told.generation;
        pass.place = told.place;
        pass.state = static_cast<BreakerState>(told.state);
        pass.started_ns = clock();
        pass.token = shm::own_process_token();
        pass.from = this;
    }
    // Why nobody is let in, whatever the word says that was read. After it, and after the terms: they are another breaker's if this one is deleted.
    [[nodiscard]] Errc why_none() const noexcept {
        if (is_deleted()) [[unlikely]]
            return Errc::deleted;
        return writable_ ? Errc::none : Errc::read_only;
    }
    [[nodiscard]] answer refused(const shm::worker& me, breaker_law::state state, nanos retry_after,
                                 nanos now) const noexcept {
        count(me, layout::count_call_rejected);
        if (emitter::watched(identity_->listening, emitter::breaker_calls)) [[unlikely]]
            events_.breaker_rejected(state, now != 0 ? now : read_clock(Clock::precise));
        return {.error = Errc::circuit_open, .retry_after = retry_after};
    }
    void finished(const shm::worker& me, const detail::breaker_pass& pass, breaker_law::outcome outcome, nanos taken,
                  nanos now) const noexcept {
        count(me, counter_of(outcome));
        durations_.record(me, taken);
        if (emitter::watched(identity_->listening, emitter::breaker_calls)) [[unlikely]]
            events_.breaker_call(static_cast<breaker_law::state>(pass.state), outcome, taken, now);
    }
    template <class Time>
    [[nodiscard]] bool report_at_once(const detail::breaker_pass& pass, nanos taken, Time clock) const noexcept;
    template <class Time>
    void judge_anew(std::uint32_t generation, const breaker_law::terms& judged_by, Time clock) const noexcept;
    // Where the window was not brought into agreement with these terms: an administrator is about to do it, or died, and what stands in the window may
    // have been counted for others. One caller of the host in look_interval tries for the lock, which may be held by one who was stopped.
    void finish_change(std::uint64_t version, nanos now) const noexcept {
        if (shm::hardware::load_acquire(shared_.block().settled) != version && shared_.may_look(now)) [[unlikely]]
            settle_change(attachment_->where(), place());
    }
    template <class Time>
    void settle(const detail::breaker_pass& pass, Outcome said, nanos now, nanos taken, Time clock) const noexcept;
    // The terms that `fill(value)` takes one by one; all of them where they were changed meanwhile.
    template <class Fill>
    [[nodiscard, gnu::always_inline]] breaker_law::terms read_some(Fill fill) const noexcept {
        const std::uint64_t version = shm::terms_version(*entry_);
        const breaker_law::terms law = fill([&](std::size_t which) { return shm::read_term(*entry_, version, which); });
        if (!shm::in_force(*entry_, version)) [[unlikely]]
            return terms().law;
        return law;
    }
    void count(const shm::worker& me, layout::counter which) const noexcept {
        shm::count(me, index_, incarnation_, which, 1);
    }

    shm::breaker<> shared_;
    shm::histogram<> durations_;
    emitter events_;
};

template <class Time>
struct breaker::caller {
    const breaker& of;
    shm::worker me;  // a copy: a handler of events may ask for another attachment's
    Time clock;
    nanos read = 0;  // when the clock was read last
    shm::asking_time asking{};

    nanos now() noexcept { return read = clock(); }
    [[nodiscard]] bool alive(std::uint64_t owner) const noexcept {
        return shm::holder_lives(of.attachment_->where(), owner);
    }
    [[nodiscard]] bool tired() noexcept { return asking.over(shm::asking_ns); }
    // In the successor of a segment that was replaced there is another breaker; this one still holds.
    [[nodiscard]] bool stands() const noexcept { return of.standing() != Errc::deleted; }
    void moved(const shm::transition& made) const noexcept { tell_transition(of.events_, made); }
    [[nodiscard]] std::uint64_t owner() const noexcept { return me.owner; }
};

template <class Time>
[[gnu::always_inline]] inline breaker::answer breaker::admit(detail::breaker_pass& pass, Time clock) const noexcept {
    if (is_superseded()) [[unlikely]]
        return {.error = Errc::superseded};
    const auto at_once = shared_.admit_at_once();
    if (!at_once) [[unlikely]]
        return refuse(pass, clock);
    if (const Errc why = why_none(); why != Errc::none) [[unlikely]]
        return {.error = why};
    let_in(pass, clock, at_once);
    return {};
}

// Straight on for nearly every refusal: by a breaker that is open and has long to wait. What it finds otherwise it leaves to admit_carefully().
template <class Time>
[[gnu::noinline]] breaker::answer breaker::refuse(detail::breaker_pass& pass, Time clock) const noexcept {
    const breaker_law::position at = shared_.look();
    const std::uint64_t version = shm::terms_version(*entry_);
    const nanos wait = shm::read_term(*entry_, version, layout::breaker_wait_duration);
    const bool backs_off = at.reopened != 0 && shm::read_term(*entry_, version, layout::breaker_wait_multiplier) > 100;
    if (at.state != breaker_law::state::open || backs_off || wait > breaker_law::max_duration || is_deleted() ||
        !writable_) [[unlikely]]
        return admit_carefully(pass, clock);
    const nanos now = clock();
    if (at.since > now || now - at.since >= wait) [[unlikely]]
        return admit_carefully(pass, clock);
    return refused(attachment_->me(), at.state, wait - (now - at.since), now);
}

template <class Time>
[[gnu::noinline]] breaker::answer breaker::admit_carefully(detail::breaker_pass& pass, Time clock) const noexcept {
    if (const Errc why = why_none(); why != Errc::none) [[unlikely]]
        return {.error = why};
    // The place of a probe without a name comes back by max_half_open_duration alone.
    if (attachment_->me().owner == 0) [[unlikely]]
        keep_name(*attachment_);
    caller<Time> by{*this, attachment_->me(), clock};
    const auto told = shared_.admit([this] { return read_some([](auto value) { return waiting_terms(value); }); }, by);
    if (told) {
        // Closed meanwhile: the clock was not read.
        let_in(pass, [&] { return by.read != 0 ? by.read : clock(); }, told);
        return {};
    }
    if (!by.stands()) [[unlikely]]
        return {.error = Errc::deleted};
    return refused(by.me, told.state, told.retry_after, by.read);
}

// Straight on for nearly every call: one that was ok and in time, of a closed breaker with a count window. What it finds otherwise it leaves to settle().
// Should the terms change while it reads them, it may take one from each: it looks again after the swap.
template <class Time>
[[gnu::always_inline]] inline bool breaker::report_at_once(const detail::breaker_pass& pass, nanos taken,
                                                           Time clock) const noexcept {
    const layout::directory_entry& entry = *entry_;  // a local: loaded once
    const std::uint64_t version = shm::terms_version(entry);
    const auto value = [&](std::size_t which) { return shm::read_term(entry, version, which); };
    const bool is_count = value(layout::breaker_window_type) == 0;
    const bool in_time = taken < value(layout::breaker_slow_call_duration) && taken < breaker_law::max_duration;
    const std::uint64_t least = std::min(value(layout::breaker_minimum_calls), value(layout::breaker_window));
    if (!is_count || !in_time) [[unlikely]]
        return false;
    if (!shared_.count_ok_at_once(pass.generation, pass.place, least)) [[unlikely]]
        return false;
    if (!shm::in_force(entry, version)) [[unlikely]] {
        judge_anew(pass.generation, {}, clock);
        attachment_->join();  // a handler of events may have made the caller's worker another attachment's
    }
    return true;
}

template <class Time>
[[gnu::always_inline]] inline void breaker::report(const detail::breaker_pass& pass, Outcome said, Time clock,
                                                   std::optional<nanos> took) const noexcept {
    const Errc why = standing();
    if (pass.token != shm::process_token() || why == Errc::deleted || (why == Errc::superseded && emptied()))
        [[unlikely]]
        return;
    shared_.prefetch();
    const nanos now = clock();
    shared_.prefetch();
    const nanos taken = took ? *took : now > pass.started_ns ? now - pass.started_ns : 0;
    const shm::worker& me = attachment_->me();  // joins after the clock, as it is no part of the call
    if (said != Outcome::ok || !report_at_once(pass, taken, clock)) [[unlikely]]
        return settle(pass, said, now, taken, clock);
    finished(me, pass, breaker_law::outcome::ok, taken, now);
}

template <class Time>
[[gnu::noinline]] void breaker::settle(const detail::breaker_pass& pass, Outcome said, nanos now, nanos taken,
                                       Time clock) const noexcept {
    const auto in_force = shm::read_wide_terms(*entry_);
    finish_change(in_force.version, now);
    const breaker_law::terms law = unpack_breaker(in_force.values).law;
    breaker_law::outcome outcome = to_law(said);
    if (outcome == breaker_law::outcome::ok) outcome = breaker_law::classify(false, taken, law);
    caller<Time> by{*this, attachment_->me(), clock};
    const shm::breaker<>::admission admitted{breaker_law::decision::pass, pass.generation, pass.place};
    const auto result = shared_.report(admitted, outcome, now, law, by);
    if (result == shm::breaker<>::report_result::would_open) count(by.me, layout::count_would_open);
    if (result == shm::breaker<>::report_result::counted && !shm::in_force(*entry_, in_force.version)) [[unlikely]]
        judge_anew(pass.generation, law, clock);
    finished(by.me, pass, outcome, taken, now);
    // Most are late because others decided meanwhile; but a place is also another's when this process was taken for dead.
    if (result == shm::breaker<>::report_result::late && pass.place != shm::breaker<>::no_place)
        keep_name(*attachment_);
}

// Of an outcome that went into the window by terms that were changed meanwhile.
template <class Time>
[[gnu::noinline]] void breaker::judge_anew(std::uint32_t generation, const breaker_law::terms& judged_by,
                                           Time clock) const noexcept {
    const auto in_force = shm::read_wide_terms(*entry_);
    finish_change(in_force.version, clock());
    const breaker_law::terms law = unpack_breaker(in_force.values).law;
    // It went with its window, or will.
    if (counts_otherwise(judged_by, law)) return;
    shared_.reconsider(generation, law, caller<Time>{*this, attachment_->me(), clock});
}

}  // namespace seki::primitives
