#include "primitives/shedder.hpp"

#include <algorithm>

#include "primitives/bulkhead_status.hpp"
#include "primitives/clock.hpp"
#include "primitives/own_name.hpp"
#include "primitives/shedder_status.hpp"

namespace seki::primitives {

using layout::event_kind;
using shm::hardware;
using shm::permit;
using shm::worker;

shedder::shedder(std::shared_ptr<const shm::attachment> in, const shm::placement& at)
    : bound_place{std::move(in), at},
      places_{shm::shedder_places_of(attachment_->where(), at)},
      codel_{shm::shedder_state_of(attachment_->where(), at)},
      events_{*attachment_, at} {}

// As a bulkhead's (primitives/bulkhead.hpp).
std::uint32_t shedder::near(const worker& me) const noexcept {
    constexpr std::uint64_t permits_in_line = layout::cache_line / sizeof(layout::word);
    const std::uint64_t last = hardware::load_relaxed(me.counters[index_].counts[layout::bulkhead_near]);
    if (last != 0 && !me.shared) [[likely]]
        return static_cast<std::uint32_t>(last - 1);
    return static_cast<std::uint32_t>((me.stamp_base >> 47) * permits_in_line);
}

shedder::answer shedder::admit(unsigned priority, std::uint64_t arrived_ns) const noexcept {
    if (const Errc why = standing(); why != Errc::none) [[unlikely]]
        return {.error = why};
    if (!writable_) [[unlikely]]
        return {.error = Errc::read_only};
    const worker* me = &attachment_->me();
    if (me->owner == 0 && !keep_name(*attachment_)) [[unlikely]]
        return priority == 0 ? let_in(*me, 0, {}) : answer{.error = Errc::no_space};
    if (arrived_ns != not_known) {
        const std::uint64_t now = read_clock(Clock::precise);
        const std::uint64_t version = shm::terms_version(*entry_);
        const algorithm::codel::terms law = codel_terms(shm::read_term(*entry_, version, layout::shedder_target),
                                                        shm::read_term(*entry_, version, layout::shedder_interval));
        if (codel_.drops(now, now > arrived_ns ? now - arrived_ns : 0, priority != 0, law)) [[unlikely]]
            return shed(*me, priority, true);
    }
    shm::process_seeker by{attachment_->where()};
    permit taken = places_.take(me->owner, near(*me), by);
    if (!taken && priority == 0) [[unlikely]]
        taken = places_.take_beyond(me->owner, by);
    worker kept;
    if (by.reclaimed() != 0) [[unlikely]] {
        shm::count(*me, index_, incarnation_, layout::count_reclaimed, by.reclaimed());
        tell_reclaimed(events_, look_at(places_), by.reclaimed());
        // A handler may have made the caller's worker another attachment's.
        kept = attachment_->me();
        me = &kept;
    }
    if (!taken) [[unlikely]]
        return priority == 0 ? let_in(*me, 0, taken) : shed(*me, priority, false);
    if (priority != 0 && !places_.at_most(most_with(priority, places_.within().max()))) [[unlikely]] {
        places_.give_back(taken);
        return shed(*me, priority, false);
    }
    return let_in(*me, priority, taken);
}

shedder::answer shedder::let_in(const worker& me, unsigned priority, const permit& held) const noexcept {
    if (held) {
        layout::word& last = me.counters[index_].counts[layout::bulkhead_near];
        const std::uint64_t next = std::uint64_t{held.index} + 1;
        if (!me.shared && hardware::load_relaxed(last) != next) hardware::store_relaxed(last, next);
    }
    count(me, layout::count_admitted + priority);
    if (emitter::watched(identity_->listening, mask_of(event_kind::shed_admit))) [[unlikely]]
        tell(event_kind::shed_admit, priority, places_.in_use());
    return {.held = held, .from = this};
}

shedder::answer shedder::shed(const worker& me, unsigned priority, bool by_codel) const noexcept {
    count(me, layout::count_shed + priority);
    if (by_codel) count(me, layout::count_codel_drops);
    const event_kind kind = by_codel ? event_kind::shed_codel_drop : event_kind::shed_shed;
    if (emitter::watched(identity_->listening, mask_of(kind))) [[unlikely]]
        tell(kind, priority, by_codel ? codel_.at().count : places_.in_use());
    return {.error = Errc::load_shed};
}

bool shedder::complete(permit& held) const noexcept {
    if (emptied()) return false;
    const std::uint64_t token = held.token;
    const bool given = places_.give_back(held);
    if (!given && token == shm::process_token()) keep_name(*attachment_);
    return given;
}

void shedder::tell(event_kind kind, unsigned priority, std::uint64_t measured) const noexcept {
    events_.shedder_call(kind, priority, measured);
}

ShedderStatus shedder::status() const noexcept { return shedder_status_of(attachment_->where(), place()); }

ShedderOptions shedder::options() const noexcept { return shedder_options_of(attachment_->where(), place()); }

}  // namespace seki::primitives
