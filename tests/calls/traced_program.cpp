#include "traced_program.hpp"

#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "main_of.hpp"

namespace seki::test {
namespace {

[[noreturn]] void give_up(const char* doing) {
    std::perror(doing);
    std::abort();
}

constexpr long options =
    PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
constexpr int at_a_call = SIGTRAP | 0x80;

std::uint64_t word_of(pid_t of, std::uint64_t address) {
    errno = 0;
    const long word = ::ptrace(PTRACE_PEEKTEXT, of, address, nullptr);
    if (errno != 0) give_up("PTRACE_PEEKTEXT");
    return static_cast<std::uint64_t>(word);
}

void set(pid_t of, std::size_t part, std::uint64_t value) { ::ptrace(PTRACE_POKEUSER, of, part, value); }

std::uint64_t entry_of(pid_t of) {
    const std::string path = "/proc/" + std::to_string(of) + "/auxv";
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    Elf64_auxv_t each{};
    std::uint64_t entry = 0;
    while (::read(file, &each, sizeof each) == sizeof each && each.a_type != AT_NULL)
        if (each.a_type == AT_ENTRY) entry = each.a_un.a_val;
    ::close(file);
    return entry;
}

void block_news_of_children() {
    sigset_t news;
    ::sigemptyset(&news);
    ::sigaddset(&news, SIGCHLD);
    ::pthread_sigmask(SIG_BLOCK, &news, nullptr);
}

// Until a child may have news, which may have been taken note of already.
void wait_for_news(std::chrono::steady_clock::time_point until) {
    sigset_t news;
    ::sigemptyset(&news);
    ::sigaddset(&news, SIGCHLD);
    const auto left =
        std::max<std::int64_t>(0, std::chrono::nanoseconds{until - std::chrono::steady_clock::now()}.count());
    const timespec span{.tv_sec = left / 1'000'000'000, .tv_nsec = left % 1'000'000'000};
    ::sigtimedwait(&news, nullptr, &span);
}

}  // namespace

traced_program::traced_program(const command& what) {
    block_news_of_children();
    out_ = ::memfd_create("out", MFD_CLOEXEC);
    err_ = ::memfd_create("err", MFD_CLOEXEC);
    start(what);
    go_to_main(what.words.front());
}

traced_program::~traced_program() {
    if (!ended()) {
        ::kill(pid_, SIGKILL);
        while (!ended() && run()) {
        }
    }
    ::close(out_);
    ::close(err_);
}

void traced_program::start(const command& what) {
    std::fflush(nullptr);
    pid_ = ::fork();
    if (pid_ < 0) give_up("fork");
    if (pid_ == 0) {
        sigset_t none;
        ::sigemptyset(&none);
        ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
        ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
        ::dup2(out_, STDOUT_FILENO);
        ::dup2(err_, STDERR_FILENO);
        for (const std::string& each : what.environment) ::putenv(::strdup(each.c_str()));
        std::vector<char*> words;
        for (const std::string& each : what.words) words.push_back(::strdup(each.c_str()));
        words.push_back(nullptr);
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        ::execv(words.front(), words.data());
        ::_exit(127);
    }
    int status = 0;
    if (::waitpid(pid_, &status, 0) != pid_ || !WIFSTOPPED(status)) give_up(what.words.front().c_str());
    ::ptrace(PTRACE_SETOPTIONS, pid_, nullptr, options);
    threads_[pid_];
}

// By a breakpoint. What comes before is the loader's, and the constructors' of the libraries.
void traced_program::go_to_main(const std::string& program) {
    static std::map<std::string, main_place> known;
    if (!known.contains(program)) known[program] = main_of(program);
    const main_place place = known[program];
    const std::uint64_t at = entry_of(pid_) - place.entry + place.main;
    const std::uint64_t there = word_of(pid_, at);
    ::ptrace(PTRACE_POKETEXT, pid_, at, (there & ~std::uint64_t{0xff}) | 0xcc);
    ::ptrace(PTRACE_CONT, pid_, nullptr, nullptr);
    int status = 0;
    if (::waitpid(pid_, &status, 0) != pid_ || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP) give_up("main");
    ::ptrace(PTRACE_POKETEXT, pid_, at, there);
    ::ptrace(PTRACE_POKEUSER, pid_, offsetof(user_regs_struct, rip), at);
}

void traced_program::prepare(ordeal what) {
    ordeal_ = what;
    count_ = 0;
    came_ = befell_ = relieved_ = false;
    what_ = {};
    misfortunes_ = 0;
    about_.clear();
}

void traced_program::signal(int number) const noexcept { ::kill(pid_, number); }

int traced_program::exit_code() const noexcept { return ended() && WIFEXITED(status_) ? WEXITSTATUS(status_) : -1; }

bool traced_program::run(const std::function<bool()>& enough, std::chrono::milliseconds patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    is_asked_ = static_cast<bool>(enough);
    if (std::exchange(stands_, false)) go_on(pid_, 0);
    while (!ended()) {  // until the time is over
        int status = 0;
        const pid_t who = ::waitpid(-1, &status, __WALL | WNOHANG);
        if (who > 0) {
            handle(who, status);
            if (is_asked_ && !ended() && enough()) return true;
        } else if (std::chrono::steady_clock::now() >= until) {
            return false;
        } else {
            wait_for_news(until);
        }
    }
    return true;
}

void traced_program::handle(pid_t who, int status) {
    if (!WIFSTOPPED(status)) {
        if (who == pid_) status_ = status;
        threads_.erase(who);
        return;
    }
    const bool is_new = !threads_.contains(who);
    thread& its = threads_[who];
    const int number = WSTOPSIG(status);
    if (number == at_a_call) handle_call(who, its);
    // A new thread begins with a SIGSTOP of ptrace's own; events come as SIGTRAP.
    const bool ours = number == at_a_call || number == SIGTRAP || (number == SIGSTOP && (is_new || !its.in_call));
    go_on(who, ours ? 0 : number);
}

// Where nothing is left that could befall it, at full speed.
void traced_program::go_on(pid_t who, int signal) const {
    const auto its = threads_.find(who);
    const bool looked_at =
        is_asked_ || count_ < ordeal_.nth || what_.lasts || (its != threads_.end() && its->second.is_befallen);
    ::ptrace(looked_at ? PTRACE_SYSCALL : PTRACE_CONT, who, nullptr, static_cast<long>(signal));
}

void traced_program::handle_call(pid_t who, thread& its) {
    __ptrace_syscall_info info{};
    if (::ptrace(PTRACE_GET_SYSCALL_INFO, who, sizeof info, &info) <= 0) return;  // it was killed meanwhile
    its.in_call = info.op == PTRACE_SYSCALL_INFO_ENTRY;
    if (its.in_call) {
        if (who == pid_ && info.entry.nr == SYS_poll) ++waits_;
        system_call now{.number = info.entry.nr};
        std::ranges::copy(info.entry.args, now.arguments);
        if (++count_ == ordeal_.nth) {
            call_ = now;
            befall(who, its);
        } else if (is_like_it(now)) {
            inflict(who, its);
        }
    } else if (std::exchange(its.is_befallen, false)) {
        put_right(who);
    }
}

void traced_program::befall(pid_t who, thread& its) {
    came_ = true;
    const bool names_path = call_.number == SYS_openat || call_.number == SYS_newfstatat ||
                            call_.number == SYS_unlinkat || call_.number == SYS_mkdirat ||
                            call_.number == SYS_renameat2 || call_.number == SYS_faccessat2 ||
                            call_.number == SYS_readlinkat;
    const bool is_path = call_.number == SYS_open || call_.number == SYS_unlink || call_.number == SYS_mkdir ||
                         call_.number == SYS_access || call_.number == SYS_readlink || call_.number == SYS_chown ||
                         call_.number == SYS_chmod;
    if (names_path || is_path) about_ = string_at(call_.arguments[names_path ? 1 : 0]);
    if (ordeal_.dies) {
        befell_ = true;
        ::kill(pid_, SIGKILL);
        return;
    }
    const auto all = misfortunes_of(call_);
    misfortunes_ = all.size();
    if (ordeal_.which >= all.size()) return;
    befell_ = true;
    what_ = all[ordeal_.which];
    inflict(who, its);
}

// For as long as it lasts.
bool traced_program::is_like_it(const system_call& other) const noexcept {
    const bool same_command = other.number != SYS_fcntl || other.arguments[1] == call_.arguments[1];
    const bool same_file = other.number != SYS_write || other.arguments[0] == call_.arguments[0];
    return befell_ && what_.lasts && !relieved_ && other.number == call_.number && same_command && same_file;
}

void traced_program::inflict(pid_t who, thread& its) const {
    its.is_befallen = true;
    if (what_.kind == how::fails) set(who, offsetof(user_regs_struct, orig_rax), ~std::uint64_t{0});
    if (what_.kind == how::halved) set(who, offsetof(user_regs_struct, rdx), call_.arguments[2] / 2);
    if (what_.kind == how::unmoved) set(who, offsetof(user_regs_struct, rdi), 0);
}

// The kernel leaves the arguments as they were, and the C library may count on that.
void traced_program::put_right(pid_t who) const {
    if (what_.kind == how::fails || what_.kind == how::done_fails)
        set(who, offsetof(user_regs_struct, rax), static_cast<std::uint64_t>(-what_.error));
    if (what_.kind == how::halved) set(who, offsetof(user_regs_struct, rdx), call_.arguments[2]);
    if (what_.kind == how::unmoved) set(who, offsetof(user_regs_struct, rdi), call_.arguments[0]);
}

std::string traced_program::string_at(std::uint64_t address) const {
    std::string text(256, '\0');
    // Not across the end of a page, after which there may be none.
    const iovec to{text.data(), std::min<std::size_t>(text.size(), 4096 - address % 4096)};
    const iovec from{reinterpret_cast<void*>(address), to.iov_len};
    return ::process_vm_readv(pid_, &to, 1, &from, 1, 0) > 0 ? std::string{text.c_str()} : std::string{};
}

std::string traced_program::told() const {
    std::string text = "call " + std::to_string(ordeal_.nth) + ": " + name_of(call_.number);
    if (!about_.empty()) text += " \"" + about_ + "\"";
    return text + ": " + (ordeal_.dies ? "killed" : name_of(what_));
}

std::string traced_program::text_of(int file) {
    std::string text(static_cast<std::size_t>(std::max<off_t>(0, ::lseek(file, 0, SEEK_END))), '\0');
    const ssize_t got = ::pread(file, text.data(), text.size(), 0);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, got)));
    return text;
}

}  // namespace seki::test
