// A world that is made once, and stands anew for each death; and what those who act in it leave for others to read.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "in_common.hpp"
#include "report/doctor.hpp"
#include "route.hpp"
#include "shm/memory.hpp"
#include "stepped_process.hpp"
#include "world.hpp"

namespace seki::test {

// What the one that is stepped through was told, where everybody can read it.
struct answer {
    layout::word given;    // 1: it was told
    layout::word allowed;  // 1: and let through
    layout::word more;     // an error's code, or what remains

    void tell(bool was_allowed, std::uint64_t and_more = 0) noexcept {
        shm::hardware::store_relaxed(allowed, was_allowed ? 1 : 0);
        shm::hardware::store_relaxed(more, and_more);
        shm::hardware::store_release(given, 1);
    }
    template <class T>
    void tell(const Result<T>& done) noexcept {
        tell(done.has_value(), static_cast<std::uint64_t>(done ? Errc::none : done.error().code));
    }
    void tell(const Decision& made) noexcept { tell(made.allowed, made.remaining); }
    void tell(Errc code) noexcept { tell(code == Errc::none, static_cast<std::uint64_t>(code)); }
    [[nodiscard]] bool was_given() const noexcept { return shm::hardware::load_acquire(given) == 1; }
    [[nodiscard]] bool was_allowed() const noexcept { return was_given() && shm::hardware::load_relaxed(allowed) == 1; }
};

using operation = std::function<void()>;

// Where one step of an operation is done, and the next not begun: what others do here comes between them, though each step is whole. Who wants to see
// that asks to be stopped there.
inline bool stops_between = false;
inline void between() noexcept {
    if (stops_between) ::raise(SIGSTOP);
}

class stage {
public:
    explicit stage(const std::function<void(const fs::path&)>& world) { make(model_, world); }

    [[nodiscard]] const fs::path& folder() const noexcept { return here_.path(); }
    [[nodiscard]] fs::path segment() const { return folder() / "a.seg"; }
    [[nodiscard]] bool has_segment_from_the_start() const { return fs::exists(model_.path() / "a.seg"); }

    // The world anew.
    void reset() const { here_.become(model_); }
    // And a process that stands before its operation.
    [[nodiscard]] stepped_process begin(const stepped_process::preparation& prepare) const {
        reset();
        return stepped_process{prepare};
    }

private:
    test::folder model_;
    test::folder here_;
};

// A process that does something beside the one that is stepped through.
class companion {
public:
    explicit companion(const std::function<bool()>& act) : pid_{forked()} {
        if (pid_ < 0) std::abort();
        if (pid_ == 0) ::_exit(act() ? 0 : 1);
    }
    ~companion() {
        if (pid_ == 0) return;
        ::kill(pid_, SIGKILL);
        (void)finish();
    }
    companion(const companion&) = delete;
    companion& operator=(const companion&) = delete;

    // Waits for its end; whether it did what it should.
    bool finish() noexcept {
        int status = 0;
        const bool ended = ::waitpid(pid_, &status, 0) == pid_;
        pid_ = 0;
        return ended && status == 0;
    }

private:
    static pid_t forked() {
        std::fflush(nullptr);
        return ::fork();
    }
    pid_t pid_;
};

// Whether somebody tidies up after a death: both, where every instruction is tried, else by turns.
[[nodiscard]] inline std::vector<bool> tidied_or_not() {
    static bool turn = false;
    if (std::getenv("SEKI_STRIDE") != nullptr) return {true, false};
    turn = !turn;
    return {turn};
}

inline std::string broken_in(const Segment& segment) {
    std::string all;
    for (const auto& each : report::examine(segment.handle()->where()))
        all += std::string{report::to_string(each.broken)} + " " + each.where + ": " + each.what + "\n";
    return all;
}

}  // namespace seki::test
