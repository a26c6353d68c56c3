// Processes that see another host: other numbers of processes, other mounts, another root. As root, or in a user namespace of their own.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace seki::test {

// fork() into new namespaces. -1 where the host forbids them.
template <unsigned long Namespaces>
pid_t fork_into() {
    constexpr unsigned long flags = Namespaces | SIGCHLD;
    const long as_root = ::syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr);
    if (as_root >= 0) return static_cast<pid_t>(as_root);
    return static_cast<pid_t>(::syscall(SYS_clone, flags | CLONE_NEWUSER, nullptr, nullptr, nullptr, nullptr));
}
inline pid_t fork_into_pid_namespace() { return fork_into<CLONE_NEWPID>(); }
inline bool pid_namespaces_allowed() {
    const pid_t tried = fork_into_pid_namespace();
    if (tried == 0) ::_exit(0);
    if (tried > 0) ::waitpid(tried, nullptr, 0);
    return tried > 0;
}

// With mounts of its own, of which nobody else learns.
inline pid_t fork_with_own_mounts() {
    const pid_t forked = fork_into<CLONE_NEWNS>();
    if (forked == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) ::_exit(99);
    return forked;
}
inline bool own_mounts_allowed() {
    const pid_t tried = fork_with_own_mounts();
    if (tried == 0) ::_exit(0);
    int status = -1;
    return tried > 0 && ::waitpid(tried, &status, 0) == tried && status == 0;
}
// As a container: its own numbers of processes, and the /proc for them.
inline pid_t fork_into_container() {
    const pid_t forked = fork_into<CLONE_NEWPID | CLONE_NEWNS>();
    if (forked == 0 && (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
                        ::mount("proc", "/proc", "proc", 0, nullptr) != 0))
        ::_exit(99);
    return forked;
}

// The children that it forks from here on have a monotonic clock that is so many seconds ahead of ours. False where the host forbids that.
inline bool set_clock_of_children(int seconds_ahead) {
    constexpr int new_time = 0x80;  // CLONE_NEWTIME, which not all headers have
    if (::unshare(new_time) != 0 && ::unshare(new_time | CLONE_NEWUSER) != 0) return false;
    const int file = ::open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
    const std::string text = "monotonic " + std::to_string(seconds_ahead) + " 0\n";
    const bool set = file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::close(file);
    return set;
}

// Its root is that folder from here on. A normal user may do that in a user namespace, which the child may be in already.
inline bool go_to_root(const std::filesystem::path& folder) {
    if (::chroot(folder.c_str()) != 0 && (::unshare(CLONE_NEWUSER) != 0 || ::chroot(folder.c_str()) != 0)) return false;
    return ::chdir("/") == 0;
}

}  // namespace seki::test
