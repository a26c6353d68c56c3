// The words of a process slot, and all that is done with them: the protocol of shm/liveness.hpp, which tells who writes which word. Memory is a parameter, and so
// is what is asked of the kernel, so that tests take this code through its schedules with a kernel of their own (tests/shm/process_list_scenarios.hpp).
#pragma once

#include <cstdint>
#include <optional>

#include "layout/worker.hpp"
#include "shm/memory.hpp"
#include "shm/process_identity.hpp"
#include "shm/verdict.hpp"

namespace seki::shm {

// One transition of a slot's owner word, if it is still as the caller knew it.
template <class Memory = hardware>
bool advance(layout::process_slot& slot, layout::process_state from, layout::process_state to) noexcept {
    std::uint64_t expected = layout::pack(from);
    return Memory::cas_acq_rel(slot.owner, expected, layout::pack(to));
}

template <class Memory = hardware>
[[nodiscard]] layout::process_state state_of(const layout::process_slot& slot) noexcept {
    return layout::unpack_process_state(Memory::load_acquire(slot.owner));  // pairs with advance()
}

// Does not own the slot.
template <class Memory = hardware>
class process_words {
public:
    explicit process_words(layout::process_slot& slot) noexcept : slot_{&slot} {}

    // Of the owner that the slot names now, if it is live by its word.
    [[nodiscard]] std::optional<std::uint64_t> live_generation() const noexcept {
        const state now = state_of<Memory>(*slot_);
        return now.stage == stage::live ? std::optional{now.generation} : std::nullopt;
    }

    // free -> claimed -> live; the generation of who is in now. `mine` is who joins, and what it may do to the slot's lock: brief(), description(),
    // take_lock() (whether it has it then) and drop_lock(). Nobody of this process opens the file while we hold the claim, so closing it when the lock cannot be had
    // drops no other lock of ours. The lock is taken anew under each claim: another copy of libseki in this process, which came and left in between, dropped it for both.
    template <class Joiner>
    [[nodiscard]] std::optional<std::uint64_t> enter(Joiner&& mine) const {
        // Again when somebody took our claim for a dead one's, before we had the lock: with it nobody else comes further than a claim, which we free as anybody may whose
        // lock nobody has. To close the file now instead could drop the lock of another copy that comes in between.
        bool has_lock = false;
        for (int round = 0; round < max_claims; ++round) {
            state found = state_of<Memory>(*slot_);
            if (has_lock && found.stage == stage::claimed && found.who != mine.brief()) {
                if (!move(found, free_after(found))) continue;
                found = free_after(found);
            }
            const state claimed{(found.generation + 1) & ~(0xffffULL << 48), mine.brief(), stage::claimed};
            if (found.stage != stage::free) break;
            if (!move(found, claimed)) {
                if (has_lock) continue;
                break;
            }
            has_lock = mine.take_lock();
            if (!has_lock) {
                move(claimed, free_after(claimed));
                return std::nullopt;
            }
            if (state_of<Memory>(*slot_) != claimed) continue;  // whoever came after us may be described there
            describe(mine.description());
            if (move(claimed, {claimed.generation, claimed.who, stage::live})) return claimed.generation;
        }
        // Another copy of libseki in this process may have the slot, and with it the lock: then closing the file would drop that. If it is about to leave, or was a stranger
        // with our 14 bits who died there, the slot has no owner, and keeps the lock for as long as we live or until we ask about it: one slot less, and nobody is harmed.
        if (state_of<Memory>(*slot_).who != mine.brief()) mine.drop_lock();
        return std::nullopt;
    }

    // live -> claimed -> free, by its owner; and drops the lock in between, whatever stands there.
    template <class Drop>
    void leave(std::uint64_t generation, Drop&& drop_lock) const noexcept {
        const state found = state_of<Memory>(*slot_);
        const state leaving{found.generation, found.who, stage::claimed};
        const bool withdrawn = is_live(found, generation) && move(found, leaving);
        drop_lock();
        if (withdrawn) move(leaving, free_after(leaving));
    }

    // Of the owner of that generation, as `me` sees it. `kernel` says how the lock is (lock()), whether this process has the lock file open (has_it_open()), and whether a process of our own
    // pid namespace still runs (runs()).
    template <class Kernel>
    [[nodiscard]] verdict judge(std::uint64_t generation, const process_identity& me, Kernel&& kernel) const noexcept {
        if (live_generation() != generation) return verdict::gone;
        const process_identity owner = described();
        const state named = state_of<Memory>(*slot_);  // after those words: they may describe a successor
        if (!is_live(named, generation)) return verdict::gone;

        if (owner.may_be(me)) return verdict::live;  // we, or another copy of libseki in this process
        // This process before an exec, which closed that file; or another copy in it, that looked when the bytes under `image` were others.
        if (owner.may_be_process(me) && kernel.has_it_open()) return verdict::live;
        // Somebody scribbled there. Who may be the owner does not ask: closing the file would drop its own lock.
        const bool describes_the_owner = owner.brief() == named.who;
        if (!describes_the_owner && named.who == me.brief()) return verdict::live;
        const lock_state lock = kernel.lock();
        if (lock == lock_state::held) return verdict::live;
        const bool visible =
            describes_the_owner && owner.traceable() && me.traceable() && owner.pid_namespace == me.pid_namespace;
        // The former: this process before an exec.
        if (visible && (owner.same_process(me) || !kernel.runs(owner))) return verdict::dead;
        if (lock == lock_state::unknown) return verdict::live;
        return visible || lock == lock_state::no_file ? verdict::lost_lock : verdict::dead;
    }

    // Whether who is on the list says that it is this process, before that executed itself anew. A guess: judge() tells.
    [[nodiscard]] bool may_be_former(const process_identity& me) const noexcept {
        if (!live_generation() || !me.traceable()) return false;
        const process_identity owner = described();
        return owner.same_process(me) && owner.image != me.image;
    }

    // live -> free, of one who is dead; true for the one caller that made the change.
    bool take_off(std::uint64_t generation) const noexcept {
        const state found = state_of<Memory>(*slot_);
        return is_live(found, generation) && move(found, free_after(found));
    }

    // claimed -> free, of one who died on its way in or out. Not of a claim that may be the asker's own.
    template <class Kernel>
    void free_claim(std::uint64_t my_brief, Kernel&& kernel) const noexcept {
        const state found = state_of<Memory>(*slot_);
        if (found.stage != stage::claimed || found.who == my_brief) return;
        // Without a file it died before it made one, or has yet to make it and finds another slot. Nothing is held under a claim.
        const lock_state lock = kernel.lock();
        if (lock == lock_state::nobody || lock == lock_state::no_file) move(found, free_after(found));
    }

private:
    using state = layout::process_state;
    using stage = layout::stage;

    // How often one slot is claimed in a row; each time somebody must have freed it meanwhile.
    static constexpr int max_claims = 4;

    bool move(state from, state to) const noexcept { return advance<Memory>(*slot_, from, to); }
    static constexpr state free_after(state now) noexcept { return {now.generation, 0, stage::free}; }
    static constexpr bool is_live(state now, std::uint64_t generation) noexcept {
        return now.stage == stage::live && now.generation == generation;
    }

    // Acquire throughout, so that the owner is read again after them: they may be a successor's.
    [[nodiscard]] process_identity described() const noexcept {
        return {Memory::load_acquire(slot_->pid), Memory::load_acquire(slot_->start_time),
                Memory::load_acquire(slot_->pid_namespace), Memory::load_acquire(slot_->image)};
    }
    // Release throughout: who reads one of these words and then the owner again (judge) must not find the owner as before.
    void describe(const process_description& me) const noexcept {
        Memory::store_release(slot_->pid, me.who.pid);
        Memory::store_release(slot_->start_time, me.who.start_time);
        Memory::store_release(slot_->pid_namespace, me.who.pid_namespace);
        Memory::store_release(slot_->image, me.who.image);
        Memory::store_release(slot_->attached_ns, me.attached_ns);
        Memory::store_release(slot_->command[0], me.command[0]);
        Memory::store_release(slot_->command[1], me.command[1]);
    }

    layout::process_slot* slot_;
};

}  // namespace seki::shm
