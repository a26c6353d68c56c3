// Whom the calling thread asks each time before it sleeps (include/seki/waiting.h). Whatever waits in a loop asks.
#pragma once

namespace seki::primitives {

struct sleep_asked {
    int (*ask)(void* context);
    void* context;
};

// Trivially destructible, so that reading it needs no guard.
extern thread_local constinit sleep_asked sleep_asked_of_thread;

// Whether the wait may go on.
inline bool may_sleep() noexcept {
    const sleep_asked by = sleep_asked_of_thread;
    return by.ask == nullptr || by.ask(by.context) != 0;
}

}  // namespace seki::primitives
