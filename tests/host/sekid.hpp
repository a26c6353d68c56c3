// The sekid that ships, beside a host of the test's own.
#pragma once

#include <fcntl.h>

#include <string>
#include <utility>

#include "fleet.hpp"
#include "primitives/clock.hpp"

namespace seki::test {

class sekid {
public:
    explicit sekid(const host& beside) : host_{beside} {}
    ~sekid() { kill(); }
    sekid(const sekid&) = delete;
    sekid& operator=(const sekid&) = delete;

    // On the segment that is there, with nothing configured; true when it ticks.
    [[nodiscard]] bool start() {
        const std::string socket = "unix:" + host_.path() + ".http";
        const std::uint64_t before = primitives::read_clock(Clock::precise);
        std::fflush(nullptr);
        pid_ = ::fork();
        if (pid_ < 0) return false;
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            const int nowhere = ::open("/dev/null", O_WRONLY);
            ::dup2(nowhere, STDOUT_FILENO);
            ::dup2(nowhere, STDERR_FILENO);
            ::execl(SEKI_SEKID, "sekid", "--segment", host_.path().c_str(), "--listen", socket.c_str(), nullptr);
            ::_exit(127);
        }
        return comes([&] {
            return shm::hardware::load_acquire(host_.where().header().owner_pid) == static_cast<std::uint64_t>(pid_) &&
                   heartbeat() > before;
        });
    }
    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(std::exchange(pid_, 0), nullptr, 0);
    }

    // When its latest tick began.
    [[nodiscard]] std::uint64_t heartbeat() const {
        return shm::hardware::load_acquire(host_.where().header().heartbeat_ns);
    }
    // So many more begin; false when they do not. One that cannot be seen for the next is not missed.
    [[nodiscard]] bool ticks(int more) const {
        for (std::uint64_t last = heartbeat(); more > 0; --more) {
            if (!comes([&] { return heartbeat() != last; })) return false;
            last = heartbeat();
        }
        return true;
    }

private:
    const host& host_;
    pid_t pid_ = 0;
};

}  // namespace seki::test
