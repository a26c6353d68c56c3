// What every primitive is that is bound to its place in one mapped segment: the entry that it stands by, and whether that still is its own.
//
// A call often comes with cold caches, from a server that did much else meanwhile. So what each call reads stands together, in the first cache line of the
// primitive, and the rest elsewhere.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <seki/error.hpp>

#include "layout/directory.hpp"
#include "layout/header.hpp"
#include "shm/directory.hpp"
#include "shm/memory.hpp"
#include "shm/workers.hpp"

namespace seki::primitives {

// Does not own its shared memory but keeps it mapped. Immutable, so any number of threads may use it.
class alignas(layout::cache_line) bound_place {
public:
    // none; deleted; or superseded. Acquire, each: pairs with what publishes the successor, and with the deletion; what follows is not read before.
    [[nodiscard]] Errc standing() const noexcept {
        if (is_superseded()) [[unlikely]]
            return Errc::superseded;
        if (is_deleted()) [[unlikely]]
            return Errc::deleted;
        return Errc::none;
    }
    // Its two looks, for who reads in between what he goes by: which terms are in force, or the state of a breaker. Before the first, the memory may be given
    // back (emptied()); and only what was read before the second is this one's own, for another may be made in its place once it is deleted.
    [[nodiscard]] bool is_superseded() const noexcept {
        return shm::hardware::load_acquire(identity_->superseded) != 0;
    }
    [[nodiscard]] bool is_deleted() const noexcept {
        return shm::hardware::load_acquire(entry_->incarnation) != incarnation_;
    }
    // For who ends what he began here (a permit, a call) in a segment that was replaced since: whether its memory is gone, and nothing of it to be touched.
    [[nodiscard]] bool emptied() const noexcept {
        return shm::hardware::load_acquire(identity_->superseded) == layout::emptied;
    }
    [[nodiscard]] const shm::attachment& attachment() const noexcept { return *attachment_; }
    [[nodiscard]] const shm::placement& place() const noexcept { return rest_->place; }

protected:
    // `at` was found in the directory of `in`'s segment.
    bound_place(std::shared_ptr<const shm::attachment> in, const shm::placement& at)
        : attachment_{in.get()},
          identity_{&in->where().header().id},
          entry_{&in->where().directory()[at.index]},
          incarnation_{at.incarnation},
          index_{at.index},
          writable_{in->where().how() == shm::segment::access::read_write},
          rest_{std::make_unique<rest>(std::move(in), at)} {}

    const shm::attachment* attachment_;
    const layout::identity* identity_;
    layout::directory_entry* entry_;
    std::uint64_t incarnation_;  // of place(), as the index
    std::uint32_t index_;
    bool writable_;

private:
    struct rest {
        std::shared_ptr<const shm::attachment> attachment;
        shm::placement place;
    };
    std::unique_ptr<const rest> rest_;
};

}  // namespace seki::primitives
