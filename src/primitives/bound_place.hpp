// What every primitive is that is bound to its place in one mapped segment: the entry that it stands by, and whether that still is its own.
#pragma once

#include <memory>
#include <utility>

#include <seki/error.hpp>

#include "layout/directory.hpp"
#include "shm/directory.hpp"
#include "shm/memory.hpp"
#include "shm/workers.hpp"

namespace seki::primitives {

// Does not own its shared memory but keeps it mapped. Immutable, so any number of threads may use it.
class bound_place {
public:
    // none; deleted; or superseded. Acquire, each: pairs with what publishes the successor, and with the deletion; what follows is not read before.
    [[nodiscard]] Errc standing() const noexcept {
        if (shm::hardware::load_acquire(*superseded_) != 0) [[unlikely]]
            return Errc::superseded;
        if (shm::hardware::load_acquire(entry_->incarnation) != place_.incarnation) [[unlikely]]
            return Errc::deleted;
        return Errc::none;
    }
    [[nodiscard]] const shm::attachment& attachment() const noexcept { return *attachment_; }
    [[nodiscard]] const shm::placement& place() const noexcept { return place_; }

protected:
    // `at` was found in the directory of `in`'s segment.
    bound_place(std::shared_ptr<const shm::attachment> in, const shm::placement& at)
        : attachment_{std::move(in)},
          superseded_{&attachment_->where().header().id.superseded},
          entry_{&attachment_->where().directory()[at.index]},
          writable_{attachment_->where().how() == shm::segment::access::read_write},
          place_{at} {}

    std::shared_ptr<const shm::attachment> attachment_;
    const layout::word* superseded_;
    layout::directory_entry* entry_;
    bool writable_;
    shm::placement place_;
};

}  // namespace seki::primitives
