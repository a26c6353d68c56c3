// The worker slot of the calling thread: where it counts, and what its permits will name as owner.
//
// 1. What it is: a slot for each attached thread, found through thread-local storage in two loads and two compares.
// 2. Who writes what: worker_slot.owner: 0 -> owner by a thread that looks for a slot (CAS); owner -> 0 by that thread when it ends, or by
//    whoever tidies after its process died (CAS from that very owner). Everything else in the slot is written by its owner alone, so plain
//    relaxed loads and stores will do; the last slot (index max_workers) is shared by threads that found none free, and takes
//    atomic adds instead.
// 3. Invariant: counts belong to the slot, not to its owner. The next owner goes on counting, so no death can lose or double one.
// 4. A death after each step: the slot stays named after a dead process until reap() frees it.
// 5. A stale read: sums are a little old.
//
// fork: the child is another process. Its token differs (shm/process_token.hpp), so at its first use it forgets the inherited slot
// without touching it and joins anew. Threads: the slot is given back when the thread ends.
#pragma once

#include <cstdint>
#include <memory>

#include "shm/liveness.hpp"
#include "shm/memory.hpp"
#include "shm/process_token.hpp"
#include "shm/segment.hpp"

namespace seki::shm {

// What a thread needs to know of its slot. Valid until the thread ends or forks; fetch it anew for each operation.
struct worker {
    layout::worker_slot* slot = nullptr;
    layout::counter_block* counters = nullptr;  // max_primitives of them
    std::uint64_t owner = 0;                    // layout::pack_worker_owner
    std::uint64_t stamp_base = 0;               // (slot index + 1) << 47
    bool shared = false;                        // the slot of all that found none free
};

class attachment {
public:
    explicit attachment(std::shared_ptr<segment> where);
    ~attachment();  // gives back the slots of this process
    attachment(const attachment&) = delete;
    attachment& operator=(const attachment&) = delete;

    [[nodiscard]] const segment& where() const noexcept { return *where_; }

    // The calling thread's slot. Joins on first use, and again in a child after fork; otherwise two loads and two compares.
    // Where even the process table is full the shared slot serves.
    [[nodiscard]] const worker& me() const noexcept {
        if (current.attachment == id_ && current.token == process_token()) [[likely]] return current.self;
        return find_or_join();
    }

private:
    struct cached {
        std::uint64_t attachment = 0;
        std::uint64_t token = 0;
        worker self;
    };
    static thread_local constinit cached current;  // trivially destructible: no guard on the hot path

    [[nodiscard]] const worker& find_or_join() const noexcept;

    std::shared_ptr<segment> where_;
    std::uint64_t id_;  // never used twice in a process, unlike an address
    struct state;
    std::unique_ptr<state> state_;
};

// A stamp that no other emptying of a slot of any key table uses. Raised before it is used, so a death wastes one and no more.
template <class Memory = hardware>
[[nodiscard]] std::uint64_t next_stamp(const worker& me) noexcept;

struct reap_report {
    std::uint32_t processes = 0;   // found dead and tidied now, by this caller
    std::uint32_t lost_locks = 0;  // alive without their lock
};

// Looks at every process slot and gives back what the dead held. Safe to run in any number of processes at once: everything it does is a
// CAS from the dead owner's very name.
reap_report reap(const segment& where) noexcept;

}  // namespace seki::shm
