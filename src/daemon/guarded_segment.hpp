// The segment that sekid looks after, mapped, with the guard that lets us survive its truncation; and the place where the threads that answer HTTP
// find the one of now.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <utility>

#include "daemon/bus_guard.hpp"
#include "shm/segment.hpp"

namespace seki::daemon {

struct guarded_segment {
    explicit guarded_segment(std::shared_ptr<shm::segment> mapped)
        : segment{std::move(mapped)},
          guard{{reinterpret_cast<std::byte*>(&segment->header()), static_cast<std::size_t>(segment->parts().size)}} {}

    // Whole, ours, and the one that workers use.
    [[nodiscard]] bool sound() const noexcept {
        const std::uint64_t magic = shm::hardware::load_relaxed(segment->header().id.magic);
        return !guard.lost() && magic == layout::magic && !segment->superseded();
    }

    std::shared_ptr<shm::segment> segment;
    bus_guard guard;  // goes first
};

// What the loop tells the other threads. Immutable once shown.
struct published {
    std::shared_ptr<const guarded_segment> owned;  // null while there is none
    std::chrono::nanoseconds tick{0};
};

class board {
public:
    void show(published now) {
        const std::scoped_lock hold{mutex_};
        std::swap(now_, now);
    }
    [[nodiscard]] published look() const {
        const std::scoped_lock hold{mutex_};
        return now_;
    }

private:
    mutable std::mutex mutex_;
    published now_;
};

}  // namespace seki::daemon
