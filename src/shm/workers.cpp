#include "shm/workers.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "shm/asking_time.hpp"
#include "shm/other_clock.hpp"
#include "shm/uncancelled.hpp"

namespace seki::shm {
namespace {

using clock = std::chrono::steady_clock;

// How long a thread waits for another of its process to join. A join takes microseconds, or some milliseconds when it tidies after
// hundreds of dead processes.
constexpr std::chrono::seconds patience{1};

thread_local constinit bool thread_ended =
    false;  // its thread_slots are gone; other destructors of the thread may still count

constinit word latest_id;

std::uint64_t new_id() noexcept { return hardware::fetch_add_relaxed(latest_id, 1) + 1; }

worker describe(const segment& where, std::size_t index, std::uint64_t owner) noexcept {
    return {.slot = &where.worker(index),
            .counters = where.counters(index).data(),
            .owner = owner,
            .stamp_base = (std::uint64_t{index} + 1) << 47,
            .shared = index == where.parts().max_workers,
            .who = who_am_i()};
}

std::uint64_t name_of(process_owner process) noexcept {
    return layout::pack_worker_owner(process.slot, process.generation);
}

auto worker_slots_of(const segment& where) noexcept {
    const auto slot_at = [&where](std::size_t i) -> layout::worker_slot& { return where.worker(i); };
    return worker_slots<decltype(slot_at)>{where.parts().max_workers, slot_at};
}

void give_back_all(const segment& where, process_owner process) noexcept {
    worker_slots_of(where).give_back_all(name_of(process));
}

void free_orphans(const segment& where) noexcept {
    worker_slots_of(where).free_orphans([&where](std::uint64_t process) -> std::optional<std::uint64_t> {
        const auto owner = owner_of(where, static_cast<std::uint32_t>(process));
        return owner ? std::optional{owner->generation} : std::nullopt;
    });
}

std::optional<worker> take_any(const segment& where, std::uint64_t owner) noexcept {
    const auto index = worker_slots_of(where).take_any(owner, static_cast<std::uint64_t>(::gettid()));
    return index ? std::optional{describe(where, *index, owner)} : std::nullopt;
}

worker take_slot(const segment& where, std::uint64_t owner, word& next_to_reap) noexcept {
    if (const auto taken = take_any(where, owner)) return *taken;
    reap_some(where, next_to_reap);
    return take_any(where, owner).value_or(shared_worker(where, owner));
}

// Of the living, whether they have their lock; dead, when this caller took it off the list.
verdict reap_slot(const segment& where, std::uint32_t slot, scrutiny how) noexcept {
    retire_claim(where, slot);
    const auto owner = owner_of(where, slot);
    if (!owner) return verdict::gone;
    const verdict found = is_live(where, *owner, how);
    if (found != verdict::dead) return found;
    give_back_all(where, *owner);
    return retire(where, *owner) ? verdict::dead : verdict::gone;
}

}  // namespace

worker shared_worker(const segment& where, std::uint64_t owner) noexcept {
    return describe(where, where.parts().max_workers, owner);
}

std::uint64_t who_am_i() noexcept {
    return static_cast<std::uint64_t>(::getpid()) << 32 | static_cast<std::uint32_t>(::gettid());
}

// Whether this process has joined. No mutex: a fork in another thread would leave it locked in the child. `phase` is the process's token
// and one of these, so that what the parent wrote says nothing about its child.
struct attachment::process_state {
    static constexpr std::uint64_t joining = 1, joined = 2, no_room = 3, phases = 3;

    const std::int64_t clock_offset_ns;  // of who attached, by whom it was compared
    const std::uint64_t attached_by = claim_process_token();
    word phase;
    word next_to_reap;
    word given_up;      // the token, when one thread of the process waited in vain for another that joins
    membership member;  // by the thread that set {token, joining}, and read by no other
    // The name of its slot. Whoever sees that the process has joined sees this name or that of a later membership of the same process, never a part of each.
    word name;

    explicit process_state(const segment& where) noexcept : clock_offset_ns{where.header().monotonic_offset_ns} {}

    // Whether this process, a child of who attached, has another clock, and is to be left out.
    [[nodiscard]] bool is_left_out(const segment& where, std::uint64_t token) const noexcept {
        return token != attached_by && leave_with_other_clock(where, clock_offset_ns);
    }

    // The name of the process's slot, joining if need be. Waits for another thread that joins, within bounds. Once joined it takes no memory.
    [[nodiscard]] std::optional<std::uint64_t> owner(const segment& where, std::uint64_t token) noexcept {
        const auto deadline = clock::now() + patience;
        for (;;) {  // ends by the progress of the joining thread, or at the deadline
            std::uint64_t found = hardware::load_acquire(phase);
            if (found == (token | joined)) return hardware::load_relaxed(name);  // after the load of phase
            if (found == (token | no_room)) return std::nullopt;
            if (found == (token | joining)) {
                if (hardware::load_relaxed(given_up) == token) return std::nullopt;
                if (clock::now() > deadline) hardware::store_relaxed(given_up, token);
                ::sched_yield();
            } else if (hardware::cas_acq_rel(phase, found, token | joining)) {
                member.abandon();  // what the parent had
                const bool in = !is_left_out(where, token) && join(where);
                enter(token | (in ? joined : no_room));
            }
        }
    }

    // The slot of all, for a thread that can have none; named as the process is.
    [[nodiscard]] worker share(const segment& where, std::uint64_t token) noexcept {
        const auto process = owner(where, token);
        return shared_worker(where, process.value_or(0));
    }

    void enter(std::uint64_t next) noexcept {
        hardware::store_relaxed(given_up, 0);
        hardware::store_release(phase, next);  // pairs with the load in owner()
    }

    [[nodiscard]] bool join(const segment& where) noexcept try {
        auto made = membership::join(where, [&](process_owner dead) { give_back_all(where, dead); });
        if (!made) return false;
        member = *made;
        hardware::store_relaxed(name, name_of(member.self()));  // enter() publishes it
        return true;
    } catch (...) {  // no memory
        return false;
    }

    // For good, if it ever joined.
    void leave(const segment& where, std::uint64_t token) noexcept {
        std::uint64_t found = token | joined;
        if (!hardware::cas_acq_rel(phase, found, token | joining)) return;
        member.leave(where);
        enter(token | no_room);
    }

    // Renews the membership; or ends it, so that the next owner() joins anew, and answers false.
    [[nodiscard]] bool look_again(const segment& where, std::uint64_t token) noexcept {
        std::uint64_t found = hardware::load_acquire(phase);
        if ((found & ~phases) != token && is_left_out(where, token)) return true;
        if (found == (token | no_room)) hardware::cas_acq_rel(phase, found, 0);
        if (found != (token | joined) || !hardware::cas_acq_rel(phase, found, token | joining)) return true;
        const bool renewed = member.renew(where);
        if (!renewed) member.leave(where);
        enter(renewed ? token | joined : 0);
        return renewed;
    }
};

struct attachment::thread_slots {
    struct entry {
        std::uint64_t attachment;
        const process_state* of;  // never looked into: another attachment may lie there by now
        std::uint64_t token;
        std::weak_ptr<segment> where;  // expired: the attachment is gone, and gave the slot back
        worker self;
    };
    std::vector<entry> entries;

    ~thread_slots() {
        for (const entry& e : entries) give_back_one(e);
        current.attachment = 0;
        thread_ended = true;
    }

    static void give_back_one(const entry& e) noexcept {
        if (e.self.shared || e.token != process_token()) return;
        if (const auto where = e.where.lock(); where && !where->emptied()) give_back(*e.self.slot, e.self.owner);
    }

    // Entries of the parent process, of segments that were closed, and of what that attachment was called before look_again() gave it another id: there would be
    // one more with each time that the process is taken off the list.
    void forget_stale(std::uint64_t token, std::uint64_t attachment, const process_state* of) {
        std::erase_if(entries, [&](const entry& e) {
            if (e.token != token || e.where.expired()) return true;
            const bool is_former = e.of == of && e.attachment != attachment;
            if (is_former) give_back_one(e);
            return is_former;
        });
    }

    [[nodiscard]] std::vector<entry>::iterator find(std::uint64_t attachment) {
        return std::ranges::find(entries, attachment, &entry::attachment);
    }
};

thread_local constinit attachment::cached attachment::current;

attachment::thread_slots& attachment::slots_of_this_thread() {
    static thread_local thread_slots slots;
    return slots;
}

attachment::attachment(std::shared_ptr<segment> where)
    : where_{std::move(where)}, process_{std::make_unique<process_state>(*where_)} {
    hardware::store_relaxed(id_, new_id());
}

attachment::~attachment() {
    if (current.attachment == id()) current.attachment = 0;
    if (hardware::load_acquire(process_->phase) == (process_token() | process_state::joined)) {
        if (!where_->emptied()) give_back_all(*where_, process_->member.self());
        process_->member.leave(*where_);
    } else {
        process_->member.abandon();
    }
}

const worker& attachment::find_or_join() const noexcept {
    const std::uint64_t token = claim_process_token();
    const std::uint32_t until = until_sample();
    current = {id(), token, find_slot(token)};
    until_sample() = until;
    return current.self;
}

worker attachment::find_slot(std::uint64_t token) const noexcept try {
    const uncancelled while_it_joins;
    if (thread_ended) return process_->share(*where_, token);
    thread_slots& mine = slots_of_this_thread();
    const std::uint64_t this_id = id();
    mine.forget_stale(token, this_id, process_.get());
    if (const auto known = mine.find(this_id); known != mine.entries.end()) return known->self;

    mine.entries.reserve(mine.entries.size() + 1);  // so that a slot once taken is sure to be noted
    const auto process = process_->owner(*where_, token);
    if (!process) return shared_worker(*where_, 0);  // not noted: there may be room next time
    const worker self = take_slot(*where_, *process, process_->next_to_reap);
    mine.entries.push_back({this_id, process_.get(), token, where_, self});
    return self;
} catch (...) {  // no memory
    return process_->share(*where_, token);
}

void attachment::let_go() const noexcept {
    if (!where_->superseded()) return;
    process_->leave(*where_, process_token());
    where_->give_back_memory();
}

void attachment::look_again() const noexcept {
    if (where_->emptied()) return;
    const uncancelled while_it_looks;
    const std::uint64_t token = claim_process_token();
    if (!process_->look_again(*where_, token)) hardware::store_relaxed(id_, new_id());
    if (current.attachment != id() || current.token != token || !current.self.shared) return;
    current.attachment = 0;
    if (thread_ended) return;
    try {
        std::erase_if(slots_of_this_thread().entries, [&](const auto& e) { return e.attachment == id(); });
    } catch (...) {  // no memory for the thread's first entry: then there is none to forget
    }
}

reap_report reap(const segment& where) noexcept { return reap(where, 0, asking_all_ns); }

reap_report reap(const segment& where, std::uint32_t from, std::uint64_t span_ns) noexcept {
    const auto slots = static_cast<std::uint32_t>(where.processes().size());
    reap_report report{.next = from < slots ? from : 0};
    if (where.how() != segment::access::read_write || where.superseded()) return report;
    asking_time asking, closely;
    std::optional<std::uint32_t> doubtful;  // the first that was looked at briefly, and may be another program by now
    for (std::uint32_t looked = 0; looked < slots; ++looked) {
        const std::uint32_t slot = (report.next + looked) % slots;
        if (state_of(where.processes()[slot]).stage == layout::stage::free) continue;
        if (asking.over(span_ns)) {
            report.whole = false;
            report.next = slot;
            break;
        }
        const scrutiny how =
            closely.over(span_ns == asking_all_ns ? span_ns : span_ns / 4) ? scrutiny::brief : scrutiny::full;
        const verdict found = reap_slot(where, slot, how);
        if (found == verdict::dead) ++report.processes;
        if (found != verdict::lost_lock) continue;
        ++report.lost_locks;
        if (how == scrutiny::brief && !doubtful) doubtful = slot;
    }
    if (report.whole && doubtful) report.next = *doubtful;
    free_orphans(where);
    return report;
}

void reap_some(const segment& where, word& next) noexcept {
    const std::uint64_t span = is_tended(where, asking_time::now_ns()) ? asking_briefly_ns : asking_ns;
    const auto from = static_cast<std::uint32_t>(hardware::load_relaxed(next));
    hardware::store_relaxed(next, reap(where, from, span).next);
}

std::uint64_t state_of_list(const segment& where) noexcept {
    std::uint64_t state = 0;
    for (const layout::process_slot& slot : where.processes())
        state = (state ^ hardware::load_acquire(slot.owner)) * 0x100000001b3ULL;
    return state;
}

}  // namespace seki::shm
