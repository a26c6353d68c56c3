// A bulkhead: permits, and waiting for them, bound to their place in one mapped segment.
//
// The path of an acquire, in its order: look whether the bulkhead still stands; find this thread's slot; take a free permit near the one that it
// had last (shm/permits.hpp); count. A refusal writes to nothing but the worker's own block.
//
// An adaptive limit is one of these whose max moves (primitives/adaptive.hpp).
//
// A death before the permit's compare-and-swap took nothing; after it the permit names a process that is dead, and comes back.
#pragma once

#include <cstdint>
#include <memory>

#include <seki/bulkhead.hpp>

#include "primitives/bound_place.hpp"
#include "primitives/own_name.hpp"
#include "primitives/telemetry.hpp"
#include "shm/asking_time.hpp"
#include "shm/bulkhead_piece.hpp"
#include "shm/counters.hpp"
#include "shm/directory.hpp"
#include "shm/permit_pool.hpp"
#include "shm/permit_seeker.hpp"
#include "shm/workers.hpp"

namespace seki::primitives {

// Immutable after binding, so any number of threads may use it. Does not own its shared memory but keeps it mapped.
class bulkhead : public bound_place {
public:
    using options_type = BulkheadOptions;

    // `at` was found in the directory of `in`'s segment.
    bulkhead(std::shared_ptr<const shm::attachment> in, const shm::placement& at);

    struct answer {
        Errc error = Errc::none;
        shm::permit held{};
        const bulkhead* from = nullptr;  // where it is given back
    };
    // How long somebody waits; `until` is settled when the waiting begins, and stays though it goes on in another segment.
    struct patience {
        static constexpr std::uint64_t as_configured = ~std::uint64_t{0};
        std::uint64_t timeout_ns = 0;  // 0: not at all
        std::uint64_t until_ns = 0;    // of CLOCK_MONOTONIC
        bool until_deadline = false;   // that is the deadline of the thread, and not how long it would have waited
    };

    [[nodiscard]] answer take(patience& with) const noexcept;
    // The same, not inlined.
    [[nodiscard]] answer take_again(patience& with) const noexcept;
    // False, and nothing done, when somebody else is its owner by now, or this process never was, or the memory of the segment is gone. If it was: the process was
    // taken for dead.
    bool give_back(shm::permit& held) const noexcept {
        if (emptied()) [[unlikely]]
            return false;
        const std::uint64_t token = held.token;
        const bool given = permits_.give_back(held);
        if (given) [[likely]]
            tell_if_watched(layout::event_kind::bulkhead_release);
        else if (token == shm::process_token())
            keep_name(*attachment_);
        return given;
    }

    [[nodiscard]] BulkheadStatus status() const noexcept;
    [[nodiscard]] BulkheadOptions options() const noexcept;

    [[nodiscard]] const shm::permit_pool<>& permits() const noexcept { return permits_; }
    [[nodiscard]] const emitter& events() const noexcept { return events_; }

private:
    // Whether somebody who found no permit believes that the holders live.
    enum class doubt : std::uint8_t {
        none,   // he does
        brief,  // he asks whether a process of that number is there
        full    // he asks for the lock that each living one has
    };
    // What a first look came to.
    struct first_look {
        shm::permit taken{};
        std::uint64_t came_back = 0;  // permits of the dead
        doubt doubts = doubt::none;   // that there is none
    };
    // Everything but a free permit and a refusal that nobody doubts. By value: a handler of events may make the caller's worker another attachment's.
    [[nodiscard]] answer settle(shm::worker me, first_look seen, patience& with) const noexcept;
    [[nodiscard]] doubt may_doubt(const shm::worker& me, std::uint64_t now_ns) const noexcept;
    [[nodiscard]] shm::permit take_from_the_gone(const shm::worker& me, doubt how) const noexcept;
    [[nodiscard]] answer wait(patience& with) const noexcept;
    [[nodiscard]] answer given(const shm::worker& me, const shm::permit& held) const noexcept;
    [[nodiscard]] answer refused(const shm::worker& me, Errc why) const noexcept;
    void count(const shm::worker& me, layout::counter which, std::uint64_t amount) const noexcept;
    void reclaimed(const shm::worker& me, std::uint64_t permits) const noexcept;
    void tell_if_watched(layout::event_kind kind) const noexcept {
        if (const layout::event_kind as = events_.name_of(kind); emitter::watched(identity_->listening, mask_of(as)))
            [[unlikely]]
            tell(as);
    }
    [[gnu::noinline]] void tell(layout::event_kind kind) const noexcept;
    [[nodiscard]] std::uint64_t max_wait_ns() const noexcept;

    [[nodiscard]] std::uint32_t near(const shm::worker& me) const noexcept;

    shm::permit_pool<> permits_;
    shm::histogram<> waits_;
    emitter events_;
};

inline void bulkhead::count(const shm::worker& me, layout::counter which, std::uint64_t amount) const noexcept {
    shm::count(me, index_, incarnation_, which, amount);
}

// Where it had its last; at first a cache line for each worker, as far as they go.
inline std::uint32_t bulkhead::near(const shm::worker& me) const noexcept {
    constexpr std::uint64_t permits_in_line = layout::cache_line / sizeof(layout::word);
    const std::uint64_t last = shm::hardware::load_relaxed(me.counters[index_].counts[layout::bulkhead_near]);
    if (last != 0 && !me.shared) [[likely]]
        return static_cast<std::uint32_t>(last - 1);
    return static_cast<std::uint32_t>((me.stamp_base >> 47) * permits_in_line);
}

inline bulkhead::answer bulkhead::given(const shm::worker& me, const shm::permit& held) const noexcept {
    layout::word& last = me.counters[index_].counts[layout::bulkhead_near];
    const std::uint64_t next = std::uint64_t{held.index} + 1;
    if (!me.shared && shm::hardware::load_relaxed(last) != next) shm::hardware::store_relaxed(last, next);
    count(me, layout::count_acquired, 1);
    tell_if_watched(layout::event_kind::bulkhead_acquire);
    return {.held = held, .from = this};
}

inline bulkhead::answer bulkhead::refused(const shm::worker& me, Errc why) const noexcept {
    count(me, layout::count_rejected, 1);
    tell_if_watched(layout::event_kind::bulkhead_rejected);
    return {.error = why};
}

// A refusal may rest on a hint of a few milliseconds ago, and a process have died since. So where no sekid sees to that the first refusals of each
// worker in such a time ask whether the holders are still about, which takes microseconds; those of a worker that is refused without end do not. The
// first ones ask for the lock, as only that tells of one who died and was not waited for, or whose number means nothing here. Workers who share a slot
// share their doubts: two of them may count one, which costs one more.
inline bulkhead::doubt bulkhead::may_doubt(const shm::worker& me, std::uint64_t now_ns) const noexcept {
    if (shm::is_tended(attachment_->where(), now_ns)) [[likely]]
        return doubt::none;
    constexpr unsigned period_bits = 22;  // about 4 ms
    constexpr std::uint64_t doubts_in_period = 32, full_doubts = 2;
    layout::word& remembered = me.counters[index_].counts[layout::bulkhead_doubts];
    const std::uint64_t found = shm::hardware::load_relaxed(remembered);
    const std::uint64_t period = now_ns >> period_bits << 16;
    if (found == period + doubts_in_period) [[likely]]
        return doubt::none;
    const std::uint64_t next = found - period < doubts_in_period ? found + 1 : period + 1;
    shm::hardware::store_relaxed(remembered, next);
    return next - period <= full_doubts ? doubt::full : doubt::brief;
}

// Straight on where a permit is free, or nobody doubts that there is none; everything else is settle()'s.
[[gnu::always_inline]] inline bulkhead::answer bulkhead::take(patience& with) const noexcept {
    if (const Errc why = standing(); why != Errc::none) [[unlikely]]
        return {.error = why};
    if (!writable_) [[unlikely]]
        return {.error = Errc::read_only};
    const shm::worker& me = attachment_->me();
    if (me.owner == 0 && !keep_name(*attachment_)) [[unlikely]]
        return refused(me, Errc::no_space);
    first_look seen;
    std::uint64_t now = 0;  // a refusal reads the clock once
    const auto clock = [&now] { return now = shm::process_seeker::now(); };
    if (!permits_.table().seems_full(clock)) [[likely]] {
        shm::process_seeker by{attachment_->where()};
        const shm::permit taken = permits_.table().take(me.owner, near(me), by);
        seen.came_back = by.reclaimed();
        if (taken && seen.came_back == 0) [[likely]]
            return given(me, taken);
        seen.taken = taken;
        if (now == 0) clock();
    }
    if (!seen.taken) seen.doubts = may_doubt(me, now);
    if (seen.doubts != doubt::none || seen.came_back != 0 || with.timeout_ns != 0) [[unlikely]]
        return settle(me, seen, with);
    return refused(me, Errc::bulkhead_full);
}

}  // namespace seki::primitives
