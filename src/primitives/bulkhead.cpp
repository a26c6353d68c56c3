#include "primitives/bulkhead.hpp"

#include <algorithm>

#include "primitives/bulkhead_status.hpp"
#include "primitives/bulkhead_terms.hpp"
#include "primitives/deadline.hpp"
#include "primitives/may_sleep.hpp"
#include "shm/asking_time.hpp"
#include "shm/liveness.hpp"
#include "shm/permit_seeker.hpp"

namespace seki::primitives {

using shm::permit;
using shm::waiting;
using shm::worker;

namespace {

// Asks of a holder, unless in full, at first only whether a process of that number exists: one system call, and not the handful that it takes to be sure.
struct doubting {
    const shm::segment& where;
    bool in_full;
    shm::asking_time asking{};
    static std::uint64_t now() noexcept { return shm::process_seeker::now(); }
    [[nodiscard]] bool alive(std::uint64_t owner) const noexcept {
        if (!in_full && !shm::seems_gone(where, shm::holder_named(owner))) return true;
        return shm::holder_lives(where, owner);
    }
    [[nodiscard]] bool tired() noexcept { return asking.over(in_full ? shm::asking_ns : shm::asking_briefly_ns); }
    void rest() noexcept { asking = {}; }
    static void reclaimed(std::uint64_t /*owner*/) noexcept {}
};

}  // namespace

bulkhead::bulkhead(std::shared_ptr<const shm::attachment> in, const shm::placement& at)
    : bound_place{std::move(in), at},
      permits_{shm::permits_of(attachment_->where(), at)},
      waits_{shm::waits_of(attachment_->where(), at)},
      events_{*attachment_, at} {}

bulkhead::answer bulkhead::take_again(patience& with) const noexcept { return take(with); }

bulkhead::answer bulkhead::settle(worker me, first_look seen, patience& with) const noexcept {
    if (seen.came_back != 0) reclaimed(me, seen.came_back);
    if (seen.taken) return given(me, seen.taken);
    if (seen.doubts != doubt::none)
        if (const permit taken = take_from_the_gone(me, seen.doubts)) return given(me, taken);
    if (with.timeout_ns != 0) return wait(with);
    return refused(me, Errc::bulkhead_full);
}

permit bulkhead::take_from_the_gone(const worker& me, doubt how) const noexcept {
    doubting by{attachment_->where(), how == doubt::full};
    const std::uint64_t given = permits_.reclaim(by);
    if (given == 0) return {};
    reclaimed(me, given);
    return permits_.try_take(me.owner, near(me), by);
}

bulkhead::answer bulkhead::wait(patience& with) const noexcept {
    shm::process_seeker by{attachment_->where()};
    const std::uint64_t start = shm::futex::now();
    if (with.until_ns == 0) {
        const std::uint64_t longest = max_wait_ns();
        const std::uint64_t span = longest == 0 && with.timeout_ns != patience::as_configured
                                       ? with.timeout_ns
                                       : std::min(with.timeout_ns, longest);
        if (span == 0) return refused(attachment_->me(), Errc::bulkhead_full);
        with.until_ns = start + std::min(span, ~std::uint64_t{0} - start);
        with.until_deadline = deadline_of_thread < with.until_ns;
        with.until_ns = std::min(with.until_ns, deadline_of_thread);
    }
    keep_name(*attachment_);
    const worker me = attachment_->me();  // a copy: the thread may be here for long
    const auto worthwhile = [&] { return standing() == Errc::none && may_sleep(); };
    const shm::waited waited = permits_.take_until(me.owner, near(me), with.until_ns, by, worthwhile);
    const worker now = attachment_->me();  // a copy again: handlers of events may make it another attachment's
    if (waited.how != waiting::crowded && waited.how != waiting::called_off)
        waits_.record(now, shm::futex::now() - start);
    if (by.reclaimed() != 0) reclaimed(now, by.reclaimed());
    switch (waited.how) {
        case waiting::taken: return given(now, waited.held);
        case waiting::timed_out: return refused(now, with.until_deadline ? Errc::deadline_exceeded : Errc::timeout);
        case waiting::crowded: return refused(now, Errc::bulkhead_full);
        case waiting::called_off: break;
    }
    const Errc gone = standing();
    return {.error = gone != Errc::none ? gone : Errc::interrupted};  // nobody refused it
}

void bulkhead::reclaimed(const worker& me, std::uint64_t permits) const noexcept {
    count(me, layout::count_reclaimed, permits);
    tell_reclaimed(events_, look_at(place().kind, permits_), permits);
}

void bulkhead::tell(layout::event_kind kind) const noexcept {
    events_.bulkhead_call(kind, [this] { return look_at(place().kind, permits_); });
}

std::uint64_t bulkhead::max_wait_ns() const noexcept { return static_cast<std::uint64_t>(options().max_wait.count()); }

BulkheadOptions bulkhead::options() const noexcept {
    return unpack_bulkhead(shm::read_terms(*entry_).values, shm::unpack_bulkhead_shape(place().shape));
}

BulkheadStatus bulkhead::status() const noexcept { return status_of(attachment_->where(), place()); }

}  // namespace seki::primitives
