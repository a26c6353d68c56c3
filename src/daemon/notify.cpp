#include "daemon/notify.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "primitives/clock.hpp"
#include "shm/descriptor.hpp"

namespace seki::daemon {
namespace {

// Whoever listens may have much to read, at boot.
constexpr timeval patience{.tv_sec = 1, .tv_usec = 0};

// systemd that is not there, or does not listen, is no reason to stop. Not by sd_notify(): that waits for good where nobody reads what was sent before, and the
// loop with it. The protocol is that of sd_notify(3).
void send(const std::string& state, int flags = 0) {
    const char* const path = std::getenv("NOTIFY_SOCKET");
    sockaddr_un to{};
    const std::size_t length = path == nullptr ? 0 : std::strlen(path);
    if (length < 2 || length >= sizeof to.sun_path || (*path != '/' && *path != '@')) return;
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, path, length);
    if (*path == '@') to.sun_path[0] = 0;  // in no file system
    const shm::descriptor by{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    if (::setsockopt(by.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0) return;
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
    static_cast<void>(!::sendto(by.get(), state.data(), state.size(), MSG_NOSIGNAL | flags,
                                reinterpret_cast<const sockaddr*>(&to), size));
}

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
    send(fmt::format("STATUS={}", text), MSG_DONTWAIT);
    status_ = text;
}

void notifier::alive(std::uint64_t now_ns) {
    if (watchdog_ns_ == 0 || now_ns < next_ns_) return;
    next_ns_ = now_ns + watchdog_ns_;
    send("WATCHDOG=1", MSG_DONTWAIT);
}

}  // namespace seki::daemon
