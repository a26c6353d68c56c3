// Processes and segments for the tests of who is attached.
#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <gtest/gtest.h>

#include "shm/segment.hpp"
#include "shm/workers.hpp"

namespace seki::test {

// A segment in a folder of its own, which goes with it.
class scratch_segment {
public:
    explicit scratch_segment(std::uint32_t max_workers = 16, std::uint32_t max_primitives = 4) {
        std::string name = std::filesystem::temp_directory_path() / "seki-test-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        folder_ = name;
        segment_ = make(max_workers, max_primitives);
    }
    ~scratch_segment() {
        segment_.reset();
        std::filesystem::remove_all(folder_);
    }
    scratch_segment(const scratch_segment&) = delete;
    scratch_segment& operator=(const scratch_segment&) = delete;

    [[nodiscard]] std::filesystem::path path() const { return folder_ / "test.seg"; }
    [[nodiscard]] const std::shared_ptr<shm::segment>& get() const { return segment_; }
    [[nodiscard]] shm::segment& operator*() const { return *segment_; }
    [[nodiscard]] shm::segment* operator->() const { return segment_.get(); }

private:
    std::shared_ptr<shm::segment> make(std::uint32_t max_workers, std::uint32_t max_primitives) const {
        SegmentOptions options;
        options.max_workers = max_workers;
        options.max_primitives = max_primitives;
        options.size = 4 << 20;
        auto made = shm::segment::create_or_attach(path(), options);
        if (!made) {
            std::fprintf(stderr, "%s\n", made.error().message.c_str());
            std::abort();
        }
        return *made;
    }

    std::filesystem::path folder_;
    std::shared_ptr<shm::segment> segment_;
};

// One end of two pipes, for numbers. A minute without an answer is a hang, and ends the program.
class line {
public:
    line(int in, int out) : in_{in}, out_{out} {}
    line(const line&) = delete;
    line& operator=(const line&) = delete;
    line(line&& other) noexcept : in_{std::exchange(other.in_, -1)}, out_{std::exchange(other.out_, -1)} {}
    line& operator=(line&& other) noexcept {
        std::swap(in_, other.in_);
        std::swap(out_, other.out_);
        return *this;
    }
    ~line() {
        if (in_ >= 0) ::close(in_);
        if (out_ >= 0) ::close(out_);
    }

    void tell(std::uint64_t number = 1) const {
        if (::write(out_, &number, sizeof number) != sizeof number) ::_exit(3);
    }
    // Nothing when the other end closed.
    [[nodiscard]] std::optional<std::uint64_t> listen() const {
        pollfd readable{in_, POLLIN, 0};
        if (::poll(&readable, 1, 60'000) <= 0) std::abort();
        std::uint64_t number = 0;
        if (::read(in_, &number, sizeof number) != sizeof number) return std::nullopt;
        return number;
    }
    [[nodiscard]] std::uint64_t hear() const { return listen().value_or(~0ULL); }
    [[nodiscard]] int in() const { return in_; }
    [[nodiscard]] int out() const { return out_; }

private:
    int in_, out_;
};

// A forked process. Ends with its body, or with SIGKILL at the latest when this goes out of scope.
class child {
public:
    using body = std::function<bool(const line&)>;
    using forker = pid_t (*)();

    explicit child(const body& run, forker forks = &::fork) : child{run, forks, pipe_pair(), pipe_pair()} {}
    ~child() {
        if (pid_ > 0) die();
    }
    child(const child&) = delete;
    child& operator=(const child&) = delete;
    child& operator=(child&& other) noexcept {
        std::swap(line_, other.line_);
        std::swap(pid_, other.pid_);
        return *this;
    }
    child(child&& other) noexcept : line_{std::move(other.line_)}, pid_{std::exchange(other.pid_, -1)} {}

    [[nodiscard]] const line& talk() const { return line_; }
    [[nodiscard]] pid_t pid() const { return pid_; }

    // Waits for the body; whether it returned true.
    [[nodiscard]] bool succeeded() {
        int status = 0;
        ::waitpid(std::exchange(pid_, -1), &status, 0);
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    // SIGKILL; afterwards it is a zombie and its locks are gone.
    void kill() const {
        ::kill(pid_, SIGKILL);
        siginfo_t info{};
        ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
    }
    void die() {
        ::kill(pid_, SIGKILL);
        ::waitpid(std::exchange(pid_, -1), nullptr, 0);
    }

private:
    // So that a child which exits the ordinary way does not print again what the parent had not printed yet.
    static pid_t flushed(forker forks) {
        std::fflush(nullptr);
        return forks();
    }
    using ends = std::array<int, 2>;
    static ends pipe_pair() {
        ends made{};
        if (::pipe2(made.data(), O_CLOEXEC) != 0) std::abort();
        return made;
    }
    child(const body& run, forker forks, ends up, ends down) : line_{up[0], down[1]}, pid_{flushed(forks)} {
        if (pid_ < 0) std::abort();
        if (pid_ == 0) {
            ::close(line_.in());
            ::close(line_.out());
            ::_exit(run(line{down[0], up[1]}) ? 0 : 1);
        }
        ::close(up[1]);
        ::close(down[0]);
    }

    line line_;
    pid_t pid_;
};

// Worker slots that are taken, the shared one aside.
inline std::size_t slots_taken(const shm::segment& where) {
    std::size_t taken = 0;
    for (std::size_t i = 0; i < where.parts().max_workers; ++i)
        taken += shm::hardware::load_acquire(where.worker(i).owner) != 0 ? 1U : 0U;
    return taken;
}

inline std::size_t processes_live(const shm::segment& where) {
    std::size_t live = 0;
    for (std::uint32_t i = 0; i < where.processes().size(); ++i) live += shm::owner_of(where, i) ? 1U : 0U;
    return live;
}

inline shm::process_owner process_of(const shm::worker& me) {
    return {static_cast<std::uint32_t>(layout::owner_process(me.owner)), layout::owner_generation(me.owner)};
}

// A process that joins, says its owner word, and stays.
inline child member_of(const std::shared_ptr<shm::segment>& where, child::forker forks = &::fork) {
    return child{[&](const line& parent) {
                     const shm::attachment attached{where};
                     parent.tell(attached.me().owner);
                     while (parent.listen()) {
                     }
                     return true;
                 },
                 forks};
}
inline shm::process_owner hear_owner(const child& from) {
    const std::uint64_t owner = from.talk().hear();
    return {static_cast<std::uint32_t>(layout::owner_process(owner)), layout::owner_generation(owner)};
}

// What a stranger says of an owner: another process, that is not its child either way.
inline shm::verdict asked_from_outside(const shm::segment& where, shm::process_owner who) {
    child stranger{[&](const line& parent) {
        parent.tell(static_cast<std::uint64_t>(shm::is_live(where, who)));
        return true;
    }};
    return static_cast<shm::verdict>(stranger.talk().hear());
}

}  // namespace seki::test
