// Which processes are attached, and whether they live. The kernel knows; this only asks it.
//
// 1. What it is: a process slot for each attachment (a process that opened the segment; two copies of libseki in one process are two),
//    and beside the segment a file `PATH.live/INDEX` on which the owner holds a POSIX record lock (fcntl F_SETLK, F_WRLCK, as LMDB's reader
//    table does). The kernel drops it when the process dies, and fork does not pass it on.
// 2. Who writes what: process_slot.owner: 0 or {generation g, not live} -> {g+1, live} by the holder of the file's lock alone (CAS; after the
//    descriptive words, release); {g, live} -> {g, not live} by the owner when it leaves, or by anyone after the kernel said that
//    nobody holds the lock (CAS, so it happens once).
// 3. Invariant: the owner takes the lock BEFORE it publishes {g, live} and drops it AFTER it withdrew it. So: who read {g, live}
//    and then finds the file unlocked knows that g's process is dead, or closed all its descriptors (closefrom).
// 4. A death after each step: lock without word: the kernel drops the lock. Word without lock: dead; reaped by the next who looks.
// 5. A stale read: a dead process is taken for living until the next look; a living one is never taken for dead, because the
//    word is read before the lock is asked for.
//
// Closing ANY descriptor of a file drops the process's record locks on it. Hence one file for each attachment, which nobody else in that
// process opens: is_live() never opens the file of a slot whose pid, start time and pid namespace are our own. Who asks does so with
// F_RDLCK (F_GETLK): a question with F_WRLCK would be answered yes because of anybody with a read-only descriptor.
#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>

#include <seki/error.hpp>

#include "layout/worker.hpp"
#include "shm/segment.hpp"

namespace seki::shm {

struct process_owner {
    std::uint32_t slot = 0;
    std::uint64_t generation = 0;  // 47 bits
    friend bool operator==(const process_owner&, const process_owner&) = default;
};

enum class verdict : std::uint8_t {
    live,
    dead,
    lost_lock,  // pid and start time still stand, but it closed its descriptors: not reaped, reported
    gone        // the slot has another owner by now, or none
};

// This process's attachment to `where`. Not copied to a child by fork: see rejoin in workers.hpp.
class membership {
public:
    // Takes a free process slot, or one whose owner is dead (after tidying it with `tidy(owner)`). no_space when all are taken by the living.
    template <class Tidy>
    [[nodiscard]] static Result<membership> join(const segment& where, Tidy&& tidy) {
        return join_with(where, [](void* context, process_owner dead) { (*static_cast<std::remove_reference_t<Tidy>*>(context))(dead); }, &tidy);
    }
    [[nodiscard]] process_owner self() const noexcept { return self_; }

    // Locks again if the lock was lost to closefrom(). Called on slow paths.
    void renew(const segment& where) const noexcept;

    // Withdraws the word, then drops the lock. Only in the process that joined.
    void leave(const segment& where) noexcept;

    // In a child after fork: closes the inherited descriptor, which drops nothing of the parent's.
    void abandon() noexcept;

private:
    using tidy_function = void (*)(void*, process_owner);
    [[nodiscard]] static Result<membership> join_with(const segment& where, tidy_function tidy, void* context);
    process_owner self_{};
    int descriptor_ = -1;
};

// Asks the kernel. A few system calls; no waiting.
[[nodiscard]] verdict is_live(const segment& where, process_owner who) noexcept;

// {g, live} -> {g, not live}; true for the one caller that made the change. After everything that the dead process held was given back.
bool retire(const segment& where, process_owner dead) noexcept;

// The owner that the slot names now, if it is live by its word.
[[nodiscard]] std::optional<process_owner> owner_of(const segment& where, std::uint32_t slot) noexcept;

}  // namespace seki::shm
