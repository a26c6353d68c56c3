#include "daemon/events.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "daemon/bus_guard.hpp"
#include "shm/refuse.hpp"

namespace seki::daemon {
namespace {

Result<shm::descriptor> open_signals() {
    ::signal(SIGPIPE, SIG_IGN);
    sigset_t ours;
    ::sigemptyset(&ours);
    for (const int number : {SIGHUP, SIGTERM, SIGINT}) ::sigaddset(&ours, number);
    if (const int number = ::pthread_sigmask(SIG_BLOCK, &ours, nullptr); number != 0)
        return shm::refuse(Errc::system, "cannot block signals: {}", shm::system_advice(number));
    shm::descriptor made{::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK)};
    if (!made) return shm::refuse(Errc::system, "cannot make a signalfd: {}", shm::system_advice(errno));
    return made;
}

void read_signals(int from, happened& what) noexcept {
    signalfd_siginfo next{};
    while (::read(from, &next, sizeof next) == sizeof next) {  // ends: at most one of each is pending
        if (next.ssi_signo == SIGHUP)
            what.reload = true;
        else
            what.stop = true;
    }
}

// 64 events of a worker in 5 ms: 12 800 a second of each.
constexpr std::chrono::nanoseconds drain_every = std::chrono::milliseconds{5};

Result<shm::descriptor> open_timer() {
    shm::descriptor made{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
    if (!made) return shm::refuse(Errc::system, "cannot make a timerfd: {}", shm::system_advice(errno));
    return made;
}

// Zero: never.
Result<void> set(int timer, std::chrono::nanoseconds period) {
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(period);
    const timespec each{.tv_sec = whole.count(), .tv_nsec = (period - whole).count()};
    const itimerspec every{.it_interval = each, .it_value = each};
    if (::timerfd_settime(timer, 0, &every, nullptr) != 0)
        return shm::refuse(Errc::system, "cannot tick: {}", shm::system_advice(errno));
    return {};
}

bool read_timer(int from) noexcept {
    std::uint64_t ticks = 0;
    return ::read(from, &ticks, sizeof ticks) == sizeof ticks;
}

}  // namespace

Result<events> events::open(std::chrono::nanoseconds tick) {
    auto signals = open_signals();
    if (!signals) return std::unexpected(signals.error());
    auto timer = open_timer();
    if (!timer) return std::unexpected(timer.error());
    auto drain = open_timer();
    if (!drain) return std::unexpected(drain.error());
    events made{std::move(*signals), std::move(*timer), std::move(*drain)};
    if (const auto set = made.set_tick(tick); !set) return std::unexpected(set.error());
    return made;
}

Result<void> events::set_tick(std::chrono::nanoseconds tick) const { return set(timer_.get(), tick); }

Result<void> events::hurry(bool on) {
    if (std::exchange(hurries_, on) == on) return {};
    return set(drain_.get(), on ? drain_every : std::chrono::nanoseconds{0});
}

Result<happened> events::wait() const {
    std::array<pollfd, 4> on{{{.fd = signals_.get(), .events = POLLIN, .revents = 0},
                              {.fd = timer_.get(), .events = POLLIN, .revents = 0},
                              {.fd = bus_guard::wake_descriptor(), .events = POLLIN, .revents = 0},
                              {.fd = drain_.get(), .events = POLLIN, .revents = 0}}};
    if (::poll(on.data(), on.size(), -1) < 0 && errno != EINTR)
        return shm::refuse(Errc::system, "cannot wait: {}", shm::system_advice(errno));
    happened what;
    read_signals(signals_.get(), what);
    what.tick = read_timer(timer_.get());
    what.drain = read_timer(drain_.get());
    what.lost = (on[2].revents & POLLIN) != 0;
    if (what.lost) bus_guard::acknowledge();
    return what;
}

}  // namespace seki::daemon
