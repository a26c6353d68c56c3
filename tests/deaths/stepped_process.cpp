#include "stepped_process.hpp"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace seki::test {

stepped_process::stepped_process(const preparation& prepare) {
    std::fflush(nullptr);
    pid_ = ::fork();
    if (pid_ < 0) std::abort();
    if (pid_ == 0) {
        const auto operation = prepare();
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        ::raise(SIGSTOP);
        operation();
        ::_exit(0);
    }
    if (!wait()) std::abort();
    // Should the test itself be killed, nothing of it stays behind.
    ::ptrace(PTRACE_SETOPTIONS, pid_, nullptr, PTRACE_O_EXITKILL);
}

bool stepped_process::step(std::uint64_t instructions) {
    if (instructions == to_the_end) return (void)finish(), false;
    for (; instructions > 0 && pid_ != 0; --instructions) {
        if (::ptrace(PTRACE_SINGLESTEP, pid_, nullptr, nullptr) != 0) std::abort();
        if (!wait()) return false;
    }
    return pid_ != 0;
}

bool stepped_process::step_during(const std::function<void()>& meanwhile) {
    if (pid_ != 0 && ::ptrace(PTRACE_SINGLESTEP, pid_, nullptr, nullptr) != 0) std::abort();
    meanwhile();
    return pid_ != 0 && wait();
}

bool stepped_process::sleeps() const {
    for (;;) {  // ends by its progress
        std::ifstream file{"/proc/" + std::to_string(pid_) + "/stat"};
        std::string line;
        std::getline(file, line);
        const std::size_t name_ends = line.rfind(')');
        const char state = name_ends + 2 < line.size() ? line[name_ends + 2] : 'X';
        if (state != 'R' && state != 'D') return state == 'S';
    }
}

bool stepped_process::finish() {
    while (pid_ != 0) {
        if (::ptrace(PTRACE_CONT, pid_, nullptr, nullptr) != 0) std::abort();
        (void)wait();
    }
    return well_;
}

void stepped_process::kill() noexcept {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    while (wait()) {
    }
}

bool stepped_process::wait() noexcept {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0)
        if (errno != EINTR) std::abort();
    if (WIFSTOPPED(status)) return true;
    well_ = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    pid_ = 0;
    return false;
}

}  // namespace seki::test
