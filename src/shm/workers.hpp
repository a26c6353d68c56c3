// The worker slot of the calling thread: where it counts, and what its permits will name as owner.
//
// 1. What it is: a slot for each attached thread, found through thread-local storage by a few loads and two compares.
// 2. Who writes what: worker_slot.owner: 0 -> owner by a thread that looks for a slot (CAS); owner -> 0 by that thread when it ends, or by
//    whoever tidies after its process died (CAS from that very owner). Everything else in the slot is written by its owner alone, so plain
//    relaxed loads and stores will do; the last slot (index max_workers) is shared by threads that found none free, and takes
//    atomic adds instead.
// 3. Invariant: counts belong to the slot, not to its owner. The next owner goes on counting, so no death can lose or double one.
// 4. A death after each step: the slot stays named after a dead process until reap() frees it.
// 5. A stale read: sums are a little old.
// What is done with `owner` stands in shm/worker_slots.hpp.
//
// fork: the child is another process. Its token differs (shm/process_token.hpp), so at its first use it forgets the inherited slot
// without touching it and joins anew. Threads: the slot is given back when the thread ends. docs/design/workers.md tells the rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "shm/liveness.hpp"
#include "shm/memory.hpp"
#include "shm/process_token.hpp"
#include "shm/segment.hpp"
#include "shm/worker_slots.hpp"

namespace seki::shm {

// What a thread needs to know of its slot. Valid until the thread ends or forks; fetch it anew for each operation.
struct worker {
    layout::worker_slot* slot = nullptr;
    layout::counter_block* counters = nullptr;  // max_primitives of them
    std::uint64_t owner = 0;                    // layout::pack_worker_owner; 0 when even the process table is full
    std::uint64_t stamp_base = 0;               // (slot index + 1) << 47
    bool shared = false;                        // the slot of all that found none free
    std::uint32_t until_sample = 0;  // the thread's, not the slot's: decisions until the next sample (shm/hitters.hpp)
    std::uint64_t who = 0;           // {pid:32 | kernel thread id:32} as the process sees itself; only ever shown
};

// 0 to max_workers, which is the shared one.
[[nodiscard]] constexpr std::size_t slot_index(const worker& me) noexcept {
    return static_cast<std::size_t>((me.stamp_base >> 47) - 1);
}

// Whether somebody ever counted in that slot: whoever takes one leaves a thread's number there for good, before anything else. Who adds up what all
// counted asks first, and so leaves pages alone that nobody touched. The shared one counts as used.
[[nodiscard]] inline bool was_used(const segment& where, std::size_t slot) noexcept {
    return slot == where.parts().max_workers || hardware::load_relaxed(where.worker(slot).thread) != 0;
}

// The slot of those that have none of their own, for who is not attached, as sekid and the tools.
[[nodiscard]] worker shared_worker(const segment& where, std::uint64_t owner = 0) noexcept;

// As worker::who has it. Two system calls.
[[nodiscard]] std::uint64_t who_am_i() noexcept;

class attachment {
public:
    explicit attachment(std::shared_ptr<segment> where);  // opened for reading and writing
    ~attachment();  // gives back the slots of this process; no thread may be using it
    attachment(const attachment&) = delete;
    attachment& operator=(const attachment&) = delete;

    [[nodiscard]] const segment& where() const noexcept { return *where_; }

    // The calling thread's slot. Joins on first use, and again in a child after fork; otherwise a few loads and two compares.
    // Where even the process table is full the shared slot serves. What the reference names is the thread's: it becomes the slot of
    // another attachment when that is asked for its me(). Who works on two segments at once copies the worker.
    [[nodiscard]] const worker& me() const noexcept {
        if (!is_joined()) [[unlikely]]
            return find_or_join();
        return current.self;
    }

    // Whether me() answers at once. Who changes what all share and counts it afterwards has joined before: that takes system calls, and whoever died in one of
    // them would leave the change uncounted.
    [[nodiscard]] bool is_joined() const noexcept {
        return current.attachment == id() && current.token == process_token();
    }
    void join() const noexcept { (void)me(); }
    // What me() answers for as long as is_joined(): for who has asked that already.
    [[nodiscard]] static const worker& me_as_joined() noexcept { return current.self; }

    // Of the calling thread, whatever it is attached to. Here, so that a check finds all that is its thread's in one cache line.
    [[nodiscard]] static std::uint32_t& until_sample() noexcept { return current.self.until_sample; }

    // For a segment that was replaced, and that whatever replaced it: its lock is dropped and its memory given back. Threads that still act there get the slot of all, and
    // zeros to read; permits that they hold there are nobody's.
    void let_go() const noexcept;

    // For slow paths: locks again if the process lost its lock to closefrom(), joins anew if it was reaped for that, and lets a thread
    // that shares a slot try again for one of its own. What me() answered before is void.
    void look_again() const noexcept;

private:
    struct alignas(layout::cache_line) cached {
        std::uint64_t attachment = 0;  // 0: of none
        std::uint64_t token = 0;
        worker self{};
    };
    static_assert(sizeof(cached) == layout::cache_line);
    struct thread_slots;  // what the thread has in all segments; gives it back when the thread ends
    struct process_state;

    static thread_local constinit cached current;  // trivially destructible: no guard on the hot path

    [[nodiscard]] std::uint64_t id() const noexcept { return hardware::load_relaxed(id_); }
    [[nodiscard]] static thread_slots& slots_of_this_thread();
    [[nodiscard]] const worker& find_or_join() const noexcept;
    [[nodiscard]] worker find_slot(std::uint64_t token) const noexcept;

    std::shared_ptr<segment> where_;
    mutable word
        id_;  // never used twice in a process, unlike an address; a new one voids what all threads know of their slots
    std::unique_ptr<process_state> process_;
};

// A stamp that no other emptying of a slot of any key table uses: {0 | slot index + 1 : 16 | nonce : 47}. Raised before it is used, so
// a death wastes one and no more. At a million a second from one slot the nonce lasts four years.
template <class Memory = hardware>
[[nodiscard]] std::uint64_t next_stamp(const worker& me) noexcept {
    constexpr std::uint64_t nonce_mask = (1ULL << 47) - 1;
    if (me.shared) return me.stamp_base | ((Memory::fetch_add_relaxed(me.slot->nonce, 1) + 1) & nonce_mask);
    const std::uint64_t nonce = Memory::load_relaxed(me.slot->nonce) + 1;
    Memory::store_relaxed(me.slot->nonce, nonce);
    return me.stamp_base | (nonce & nonce_mask);
}

struct reap_report {
    std::uint32_t processes = 0;   // found dead and tidied now, by this caller
    std::uint32_t lost_locks = 0;  // alive without their lock
    std::uint32_t next = 0;        // the process slot where the next turn begins
    bool whole = true;             // every slot was looked at
};

// Looks at every process slot and gives back what the dead held; frees worker slots named after nobody, too, whoever left them so. Safe to
// run in any number of processes at once: everything it does is a CAS from the dead owner's very name. Does nothing to a segment that is not
// open for writing, or superseded: the lock files of that may be gone.
reap_report reap(const segment& where) noexcept;

// The same from the process slot `from` on, for so long (shm/asking_time.hpp); and but for the first quarter of that time only briefly (scrutiny).
reap_report reap(const segment& where, std::uint32_t from, std::uint64_t span_ns) noexcept;

// A turn of it for who has other things to do than that, and less of them while a sekid ticks. `next`: where the turns of this process go on.
void reap_some(const segment& where, word& next) noexcept;

// A number that changes when a process joins, leaves or is taken off the list.
[[nodiscard]] std::uint64_t state_of_list(const segment& where) noexcept;

}  // namespace seki::shm
