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
    bool drain = false;   // the rings of telemetry, while somebody listens
};

class events {
public:
    // Blocks the signals for this thread and those that it starts: before any other thread.
    [[nodiscard]] static Result<events> open(std::chrono::nanoseconds tick);

    [[nodiscard]] Result<void> set_tick(std::chrono::nanoseconds tick) const;

    // Whether to wake up for the rings between the ticks, too: they are small.
    [[nodiscard]] Result<void> hurry(bool on);

    // Until something happens.
    [[nodiscard]] Result<happened> wait() const;

private:
    events(shm::descriptor signals, shm::descriptor timer, shm::descriptor drain)
        : signals_{std::move(signals)}, timer_{std::move(timer)}, drain_{std::move(drain)} {}
    shm::descriptor signals_;
    shm::descriptor timer_;
    shm::descriptor drain_;
    bool hurries_ = false;
};

}  // namespace seki::daemon
