// The words that say whose a worker slot is, and all that is done with them: the protocol of shm/workers.hpp, which tells who writes which word.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "layout/worker.hpp"
#include "shm/memory.hpp"

namespace seki::shm {

// 0 -> owner. Pairs with give_back() of the slot's last owner, whose counts and nonce the new one goes on from.
template <class Memory = hardware>
[[nodiscard]] bool take(layout::worker_slot& slot, std::uint64_t owner) noexcept {
    std::uint64_t expected = 0;
    return Memory::load_relaxed(slot.owner) == 0 && Memory::cas_acq_rel(slot.owner, expected, owner);
}

// owner -> 0, and nothing if the slot names somebody else by now.
template <class Memory = hardware>
bool give_back(layout::worker_slot& slot, std::uint64_t owner) noexcept {
    return Memory::load_relaxed(slot.owner) == owner && Memory::cas_acq_rel(slot.owner, owner, 0);
}

// So many of them; `slot_at(i)` is the i-th.
template <class SlotAt, class Memory = hardware>
struct worker_slots {
    std::size_t count;
    SlotAt slot_at;

    // The first free one, for that thread of the owner.
    [[nodiscard]] std::optional<std::size_t> take_any(std::uint64_t owner, std::uint64_t thread) const noexcept {
        for (std::size_t i = 0; i < count; ++i) {
            if (!take<Memory>(slot_at(i), owner)) continue;
            Memory::store_relaxed(slot_at(i).thread, thread);
            return i;
        }
        return std::nullopt;
    }

    void give_back_all(std::uint64_t owner) const noexcept {
        for (std::size_t i = 0; i < count; ++i) give_back<Memory>(slot_at(i), owner);
    }

    // One named after an owner that is not on the list belongs to nobody for ever: generations do not come back. `generation_at(i)`: of who is on the list in process
    // slot i, if anybody is. Who took the slot was on the list by then, so the list is looked at after the name, which is read with acquire.
    template <class GenerationAt>
    void free_orphans(GenerationAt&& generation_at) const noexcept {
        for (std::size_t i = 0; i < count; ++i) {
            const std::uint64_t owner = Memory::load_acquire(slot_at(i).owner);
            if (owner == 0) continue;
            const std::optional<std::uint64_t> found = generation_at(layout::owner_process(owner));
            if (found != layout::owner_generation(owner)) give_back<Memory>(slot_at(i), owner);
        }
    }
};

}  // namespace seki::shm
