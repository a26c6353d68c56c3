#include "stepped_process.hpp"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace seki::test {
namespace {

// What was said is not said by the child, too.
pid_t forked() {
    std::fflush(nullptr);
    return ::fork();
}

// Interrupts the system calls of this process, once a second.
class bell {
public:
    bell() {
        struct sigaction ignores{};
        ignores.sa_handler = [](int) {};
        ::sigaction(SIGALRM, &ignores, nullptr);
        ring_every({.tv_sec = 1, .tv_usec = 0});
    }
    ~bell() { ring_every({}); }
    bell(const bell&) = delete;
    bell& operator=(const bell&) = delete;

private:
    static void ring_every(timeval period) {
        const itimerval both{.it_interval = period, .it_value = period};
        ::setitimer(ITIMER_REAL, &both, nullptr);
    }
};

}  // namespace

stepped_process::stepped_process(const preparation& prepare) : stepped_process{prepare, std::nothrow} {
    if (!is_there()) std::abort();
}

stepped_process::stepped_process(const preparation& prepare, std::nothrow_t) : pid_{forked()} {
    if (pid_ < 0) std::abort();
    if (pid_ == 0) {
        const auto operation = prepare();
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        ::raise(SIGSTOP);
        operation();
        ::_exit(0);
    }
    if (!wait()) return;
    // Should the test itself be killed, nothing of it stays behind.
    ::ptrace(PTRACE_SETOPTIONS, pid_, nullptr, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
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

bool stepped_process::go_on() {
    if (pid_ == 0 || ::ptrace(PTRACE_CONT, pid_, nullptr, nullptr) != 0) return false;
    return wait() && stopped_by_ == SIGSTOP;
}

#ifdef __x86_64__

std::uint64_t stepped_process::at() const {
    return static_cast<std::uint64_t>(::ptrace(PTRACE_PEEKUSER, pid_, offsetof(user_regs_struct, rip), nullptr));
}

bool stepped_process::is_before_a_call() const {
    constexpr long syscall = 0x050f;
    return (::ptrace(PTRACE_PEEKTEXT, pid_, at(), nullptr) & 0xffff) == syscall;
}

// It stops in the kernel, which is then asked for nothing, and sets out for it again.
bool stepped_process::go_on_to_call() {
    constexpr int in_a_call = SIGTRAP | 0x80;
    constexpr std::uint64_t length_of_syscall = 2;
    if (pid_ == 0 || ::ptrace(PTRACE_SYSCALL, pid_, nullptr, nullptr) != 0 || !wait()) return false;
    if (stopped_by_ != in_a_call) return true;
    user_regs_struct there{};
    ::ptrace(PTRACE_GETREGS, pid_, nullptr, &there);
    user_regs_struct nothing = there;
    nothing.orig_rax = ~0ULL;
    ::ptrace(PTRACE_SETREGS, pid_, nullptr, &nothing);
    if (::ptrace(PTRACE_SYSCALL, pid_, nullptr, nullptr) != 0 || !wait()) return false;
    there.rip -= length_of_syscall;
    there.rax = there.orig_rax;
    there.orig_rax = ~0ULL;
    ::ptrace(PTRACE_SETREGS, pid_, nullptr, &there);
    stopped_by_ = SIGTRAP;
    return true;
}

// By a breakpoint, which is there while it runs and no longer: the page is its own from then on.
bool stepped_process::run_to(std::uint64_t address, std::uint64_t passes) {
    constexpr long breakpoint = 0xcc;
    if (at() == address) {
        if (passes == 0) return true;
        if (!step(1)) return false;
        --passes;
    }
    errno = 0;
    const long code = ::ptrace(PTRACE_PEEKTEXT, pid_, address, nullptr);
    if (errno != 0) return false;
    const bell rings;
    for (;; --passes) {
        if (at() != address) {
            ::ptrace(PTRACE_POKETEXT, pid_, address, (code & ~0xffL) | breakpoint);
            const bool stopped = ::ptrace(PTRACE_CONT, pid_, nullptr, nullptr) == 0 && wait(patience::to_the_bell);
            if (!stopped) return false;
            ::ptrace(PTRACE_POKETEXT, pid_, address, code);
            if (stopped_by_ != SIGTRAP || at() != address + 1) return false;
            ::ptrace(PTRACE_POKEUSER, pid_, offsetof(user_regs_struct, rip), address);
        }
        if (passes == 0) return true;
        if (!step(1)) return false;
    }
}

#else

std::uint64_t stepped_process::at() const { return 0; }
bool stepped_process::is_before_a_call() const { return true; }
bool stepped_process::go_on_to_call() { return go_on(); }
bool stepped_process::run_to(std::uint64_t /*address*/, std::uint64_t /*passes*/) { return false; }

#endif

bool stepped_process::finish() {
    while (pid_ != 0) {
        if (::ptrace(PTRACE_CONT, pid_, nullptr, due()) != 0) std::abort();
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

void* stepped_process::due() const noexcept {
    const bool by_us = stopped_by_ == SIGTRAP || stopped_by_ == SIGSTOP;
    return reinterpret_cast<void*>(by_us ? 0L : static_cast<long>(stopped_by_));
}

bool stepped_process::wait(patience with) noexcept {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0) {
        if (errno != EINTR) std::abort();
        if (with == patience::to_the_bell) ::kill(pid_, SIGSTOP);
    }
    if (WIFSTOPPED(status)) {
        stopped_by_ = WSTOPSIG(status);
        return true;
    }
    well_ = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    pid_ = 0;
    return false;
}

}  // namespace seki::test
