// What the loop waits for: its next tick, a signal, or the loss of the segment. All of them descriptors, so that nothing happens between two looks.
#pragma once

#include <chrono>

#include <seki/error.hpp>

#include "shm/descriptor.hpp"

namespace seki::daemon {

struct happened {
    bool tick = false;
    bool reload = false;  // SIGHUP
    bool stop = false;    // SIGTERM, SIGINT
    bool lost = false;    // a guarded mapping
};

class events {
public:
    // Blocks the signals for this thread and those that it starts: before any other thread.
    [[nodiscard]] static Result<events> open(std::chrono::nanoseconds tick);

    [[nodiscard]] Result<void> set_tick(std::chrono::nanoseconds tick) const;

    // Until something happens.
    [[nodiscard]] Result<happened> wait() const;

private:
    events(shm::descriptor signals, shm::descriptor timer) : signals_{std::move(signals)}, timer_{std::move(timer)} {}
    shm::descriptor signals_;
    shm::descriptor timer_;
};

}  // namespace seki::daemon
