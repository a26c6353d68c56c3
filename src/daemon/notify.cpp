#include "daemon/notify.hpp"

#include <systemd/sd-daemon.h>

#include <fmt/format.h>

#include "primitives/clock.hpp"

namespace seki::daemon {
namespace {

// systemd that is not there, or does not listen, is no reason to stop.
void send(const std::string& state) { static_cast<void>(sd_notify(0, state.c_str())); }

}  // namespace

notifier::notifier() {
    std::uint64_t patience_us = 0;
    if (sd_watchdog_enabled(0, &patience_us) > 0) watchdog_ns_ = patience_us * 1000 / 3;
}

void notifier::ready(std::string_view status) {
    send(fmt::format("READY=1\nSTATUS={}", status));
    status_ = status;
}

void notifier::reloading() const {
    send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", primitives::read_clock(Clock::precise) / 1000));
}

void notifier::stopping() const { send("STOPPING=1"); }

void notifier::status(std::string_view text) {
    if (text == status_) return;
    send(fmt::format("STATUS={}", text));
    status_ = text;
}

void notifier::alive(std::uint64_t now_ns) {
    if (watchdog_ns_ == 0 || now_ns < next_ns_) return;
    next_ns_ = now_ns + watchdog_ns_;
    send("WATCHDOG=1");
}

}  // namespace seki::daemon
