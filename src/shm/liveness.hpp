// Which processes are attached, and whether they live. The kernel knows; this only asks it.
//
// 1. What it is: a process slot for each attachment (a process that opened the segment; two copies of libseki in one process are two), and
//    beside the segment a file `PATH.live/GENERATION.INDEX` on which the owner holds a POSIX record lock (fcntl F_SETLK, F_WRLCK, as LMDB's
//    reader table does). The kernel drops it when the process dies, and fork does not pass it on. GENERATION is the segment's: workers of
//    a replaced segment keep their locks without being in the way of its successor's.
// 2. Who writes what: process_slot.owner, always by CAS:
//      free g     -> claimed g+1   by who wants to join, before it opens the file
//      claimed g  -> live g        by the same, holding the lock, after it wrote the descriptive words
//      live g     -> claimed g     by the owner when it leaves, before it drops the lock
//      claimed g  -> free g        by the same; or by anyone after the kernel said that nobody holds the lock, or who holds it himself
//      live g     -> free g        by anyone after the kernel said so, and after giving back what that process held
//    The other words of the slot, which describe the process, are written by who has the lock and then found its claim still there. Not before:
//    anybody frees a claim without a lock, and whoever then writes late describes itself in the slot of another. That one would not know its own
//    slot, would ask about itself, and drop its lock by that. But `doubted`: any -> owner, by the doctor, where they do not fit the name; only he reads it.
// 3. Invariant: the owner takes the lock BEFORE it publishes `live` and drops it AFTER it withdrew that. So: who reads {g, live}
//    and then finds the file unlocked knows that g's process is dead, or closed all its descriptors (closefrom). Who finds no file, or no
//    folder, knows nothing: somebody removed it, or the asker looks from elsewhere (chroot, another mount). Nor does who finds one that has
//    lost its name, or is not where the path leads: the owner makes another, which has its name when it is locked. So the folder is kept open from when the
//    segment was attached, and by its path it is only looked for where that leads to the very file that is mapped.
//    tests/protocol/join.pml proves this with spin, and that each part is needed; tests/shm/process_list_*_test.cpp takes the code of it (shm/process_list.hpp)
//    through its schedules.
// 4. A death after each step: claimed without a lock: freed by who looks next. Lock without `live`: the kernel drops the lock, and it is as
//    before. `live` without lock: dead; tidied by who looks next.
// 5. A stale read: a dead process is taken for living until the next look; a living one is never taken for dead, because the
//    word is read before the lock is asked for.
//
// Closing ANY descriptor of a file drops the process's record locks on it. Hence one file for each attachment, which nobody else in that
// process opens: nobody opens the file of a slot that is live with the asker's own identity, or claimed with 14 bits of it; nor of one that differs from it in the image alone
// while this process has such a file open, which /proc tells without opening it. Who asks
// does so with F_RDLCK (F_GETLK): a question with F_WRLCK would be answered yes because of anybody with a read-only descriptor.
#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>

#include <seki/error.hpp>

#include "shm/kept_descriptor.hpp"
#include "shm/process_list.hpp"
#include "shm/segment.hpp"

namespace seki::shm {

struct process_owner {
    std::uint32_t slot = 0;
    std::uint64_t generation = 0;  // 48 bits
    friend bool operator==(const process_owner&, const process_owner&) = default;
};

// Why join() finds no slot, as things are for this process now: all are taken, or the files of their locks are not for it, who may have become another user since
// it attached.
[[nodiscard]] Error why_no_slot(const segment& where);

// This process's attachment to a segment. A child after fork has a copy that means nothing there: abandon() it.
class membership {
public:
    membership() noexcept = default;  // to nothing

    // Takes a free process slot, or one whose owner is dead (after tidying it with `tidy(owner)`). no_space when all are taken by the living, as far as it has
    // time to ask (asking_to_join_ns). Who comes in takes its former self off the list, if it executed itself anew: from outside that seems to have lost its lock.
    template <class Tidy>
    [[nodiscard]] static Result<membership> join(const segment& where, Tidy&& tidy) {
        return join_with(
            where,
            [](void* context, process_owner dead) { (*static_cast<std::remove_reference_t<Tidy>*>(context))(dead); },
            &tidy);
    }
    [[nodiscard]] process_owner self() const noexcept { return self_; }

    // Locks again if the lock was lost to closefrom(), or somebody removed its file. Called on slow paths. False when the slot was taken from us meanwhile, by somebody
    // who could not see our pid: then leave() and join anew.
    [[nodiscard]] bool renew(const segment& where) noexcept;

    // Withdraws the word, unless the segment is emptied(), then drops the lock. Only in the process that joined.
    void leave(const segment& where) noexcept;

    // In a child after fork: closes the inherited descriptor, which drops nothing of the parent's.
    void abandon() noexcept;

private:
    using tidy_function = void (*)(void*, process_owner);
    [[nodiscard]] static Result<membership> join_with(const segment& where, tidy_function tidy, void* context);
    // `failed` says why no lock file could be used, and is left alone where one could.
    [[nodiscard]] static std::optional<membership> take(const segment& where, int folder, std::uint32_t index,
                                                        int& failed);
    struct joiner;  // what shm/process_list.hpp asks of us
    // 0, or why not; EAGAIN when somebody else holds the lock.
    int open_and_lock(const segment& where, int folder) noexcept;
    int make_and_lock(const segment& where, int folder) noexcept;
    int lock(descriptor file) noexcept;

    process_owner self_{};
    kept_descriptor lock_;
};

// How closely one looks at a process that has no lock, though one of its number and start time runs: whether that still has the segment is told by its
// list of mappings, which takes ten times as long as all the rest. Who does not look at it says lost_lock.
enum class scrutiny : std::uint8_t { full, brief };

// Asks the kernel. A few system calls; no waiting.
[[nodiscard]] verdict is_live(const segment& where, process_owner who, scrutiny how = scrutiny::full) noexcept;

// Whether the owner's slot is another's by now, or no process has the owner's number any more: a guess for one system call at most, where is_live()
// takes several. False says nothing.
[[nodiscard]] bool seems_gone(const segment& where, process_owner who) noexcept;

// live g -> free g; true for the one caller that made the change. After everything that the dead process held was given back.
bool retire(const segment& where, process_owner dead) noexcept;

// Frees a slot whose owner died on its way in or out.
void retire_claim(const segment& where, std::uint32_t index) noexcept;

// The owner that the slot names now, if it is live by its word.
[[nodiscard]] std::optional<process_owner> owner_of(const segment& where, std::uint32_t slot) noexcept;

}  // namespace seki::shm
