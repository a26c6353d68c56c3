// The words of one entry, and all that is done with them: the protocol of shm/directory.hpp, which tells who writes which word.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "layout/directory.hpp"
#include "shm/directory.hpp"
#include "shm/memory.hpp"
#include "shm/stored_name.hpp"

namespace seki::shm {

// Does not own the entry.
template <class Memory = hardware>
class entry_words {
public:
    explicit entry_words(layout::directory_entry& entry) noexcept : entry_{&entry} {}

    // Whether it is the entry of that incarnation still. Who holds a primitive asks the same of it (primitives/bound_place.hpp).
    [[nodiscard]] bool stands(std::uint64_t incarnation) const noexcept {
        return Memory::load_acquire(entry_->incarnation) == incarnation;  // pairs with publish() and withdraw()
    }

    // What stands in it, whether or not it is published. Acquire, so that `incarnation` is read again after them; pairs with the release stores in give_piece() and
    // publish(), and in their order.
    [[nodiscard]] placement read() const {
        placement found;
        found.arena_offset = Memory::load_acquire(entry_->arena_offset);
        found.arena_size = Memory::load_acquire(entry_->arena_size);
        for (std::size_t i = 0; i < found.shape.size(); ++i) found.shape[i] = Memory::load_acquire(entry_->shape[i]);
        found.kind = static_cast<layout::kind>(Memory::load_acquire(entry_->kind));
        found.created_unix_ns = Memory::load_acquire(entry_->created_unix_ns);
        found.name = read_name<Memory>(entry_->name);
        return found;
    }

    // Of one incarnation: the entry may be deleted and used again while it is copied.
    [[nodiscard]] std::optional<placement> read_published() const {
        const std::uint64_t incarnation = Memory::load_acquire(entry_->incarnation);  // pairs with publish()
        if (incarnation == 0) return std::nullopt;
        placement found = read();
        if (!stands(incarnation)) return std::nullopt;
        found.incarnation = incarnation;
        return found;
    }

    // The rest by the holder of the administration lock.

    // A free entry is to have another piece than it had: `piece`, at the place that `made` says. Release throughout: a reader that sees one of these in an entry it
    // knew also sees that its incarnation is gone. And of a pair the first is seen to be zero before the second: else who is late with a swap of {x, 0}, whose second does not
    // change, could come between, and leave the second half of what he put there.
    void give_piece(const placement& made, std::span<word> piece) const noexcept {
        Memory::store_release(entry_->kind, static_cast<std::uint64_t>(layout::kind::none));
        Memory::store_release(entry_->arena_offset, made.arena_offset);
        Memory::store_release(entry_->arena_size, made.arena_size);
        for (std::size_t i = 0; i < made.shape.size(); ++i) Memory::store_release(entry_->shape[i], made.shape[i]);
        if (keeps_its_piece(made.kind))
            for (word& each : piece) Memory::store_release(each, 0);
        Memory::store_release(entry_->kind, static_cast<std::uint64_t>(made.kind));
    }

    // Of a free entry that has its piece. `fill` makes what stands there, knowing the incarnation.
    template <class Fill>
    void publish(placement& made, const wide_terms& initial, word& next_incarnation, Fill&& fill) const {
        Memory::store_release(entry_->created_unix_ns, made.created_unix_ns);
        write_name<Memory>(entry_->name, made.name);
        for (std::size_t i = 0; i < initial.size(); ++i) Memory::store_release(entry_->made_with.values[i], initial[i]);
        publish_terms<Memory>(*entry_, initial);

        // Raised before it is used: dying here wastes a number and nothing else.
        made.incarnation = Memory::fetch_add_relaxed(next_incarnation, 1) + 1;
        fill(made);
        Memory::store_release(entry_->incarnation, made.incarnation);  // pairs with read_published() and stands()
    }

    void withdraw() const noexcept { Memory::store_release(entry_->incarnation, 0); }

private:
    layout::directory_entry* entry_;
};

}  // namespace seki::shm
