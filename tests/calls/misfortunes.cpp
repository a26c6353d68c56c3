#include "misfortunes.hpp"

#include <fcntl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace seki::test {
namespace {

struct row {
    std::uint64_t number;
    std::string_view name;
    std::vector<int> errors;
};

// What is not here is taken for a call that does not fail: getpid(), or one whose failing ends the process in the
// C library: the futex of a mutex, the munmap() of a stack, the rseq() of a thread.
const std::vector<row>& table() {
    static const std::vector<row> rows{
        {SYS_open, "open", {EACCES, EMFILE, ENOENT, EIO}},
        {SYS_openat, "openat", {EACCES, EMFILE, ENOENT, EIO}},
        {SYS_close, "close", {EIO}},
        {SYS_read, "read", {EIO, EINTR}},
        {SYS_pread64, "pread", {EIO, EINTR}},
        {SYS_write, "write", {ENOSPC, EIO, EINTR, EPIPE}},
        {SYS_pwrite64, "pwrite", {ENOSPC, EIO, EINTR}},
        {SYS_writev, "writev", {ENOSPC, EIO, EINTR, EPIPE}},
        {SYS_mmap, "mmap", {ENOMEM}},
        {SYS_mremap, "mremap", {ENOMEM}},
        {SYS_mprotect, "mprotect", {ENOMEM}},
        {SYS_madvise, "madvise", {EAGAIN}},
        {SYS_fstat, "fstat", {EIO}},
        {SYS_stat, "stat", {EACCES, ENOENT}},
        {SYS_lstat, "lstat", {EACCES, ENOENT}},
        {SYS_newfstatat, "newfstatat", {EACCES, ENOENT, EIO}},
        {SYS_statx, "statx", {EACCES, ENOENT}},
        {SYS_statfs, "statfs", {EACCES, EIO}},
        {SYS_fstatfs, "fstatfs", {EIO}},
        {SYS_ftruncate, "ftruncate", {ENOSPC, EIO}},
        {SYS_fallocate, "fallocate", {ENOSPC, EIO, EINTR, EOPNOTSUPP}},
        {SYS_fsync, "fsync", {EIO, ENOSPC}},
        {SYS_fdatasync, "fdatasync", {EIO}},
        {SYS_fchown, "fchown", {EPERM}},
        {SYS_chown, "chown", {EPERM}},
        {SYS_fchmod, "fchmod", {EPERM}},
        {SYS_chmod, "chmod", {EPERM}},
        {SYS_mkdir, "mkdir", {EACCES, ENOSPC}},
        {SYS_mkdirat, "mkdirat", {EACCES, ENOSPC}},
        {SYS_unlink, "unlink", {EACCES, ENOENT}},
        {SYS_unlinkat, "unlinkat", {EACCES, ENOENT}},
        {SYS_rename, "rename", {EACCES, ENOSPC}},
        {SYS_renameat, "renameat", {EACCES, ENOSPC}},
        {SYS_renameat2, "renameat2", {EACCES, ENOSPC, EINVAL}},
        {SYS_getdents64, "getdents64", {EIO}},
        {SYS_readlink, "readlink", {EACCES, ENOENT}},
        {SYS_readlinkat, "readlinkat", {EACCES, ENOENT}},
        {SYS_access, "access", {EACCES}},
        {SYS_faccessat, "faccessat", {EACCES}},
        {SYS_faccessat2, "faccessat2", {EACCES, ENOSYS}},
        {SYS_lseek, "lseek", {ESPIPE}},
        {SYS_ioctl, "ioctl", {ENOTTY}},
        {SYS_dup, "dup", {EMFILE}},
        {SYS_pipe2, "pipe2", {EMFILE}},
        {SYS_memfd_create, "memfd_create", {EMFILE, ENOMEM}},
        {SYS_eventfd2, "eventfd2", {EMFILE}},
        {SYS_signalfd4, "signalfd4", {EMFILE}},
        {SYS_timerfd_create, "timerfd_create", {EMFILE}},
        {SYS_timerfd_settime, "timerfd_settime", {ENOMEM}},
        {SYS_epoll_create1, "epoll_create1", {EMFILE}},
        {SYS_epoll_ctl, "epoll_ctl", {ENOMEM, ENOSPC}},
        {SYS_epoll_wait, "epoll_wait", {EINTR}},
        {SYS_poll, "poll", {EINTR, ENOMEM}},
        {SYS_ppoll, "ppoll", {EINTR, ENOMEM}},
        {SYS_select, "select", {EINTR, ENOMEM}},
        {SYS_pselect6, "pselect6", {EINTR, ENOMEM}},
        {SYS_socket, "socket", {EMFILE, EAFNOSUPPORT, ENOBUFS}},
        {SYS_bind, "bind", {EADDRINUSE, EACCES}},
        {SYS_listen, "listen", {EADDRINUSE}},
        {SYS_accept, "accept", {EMFILE, ECONNABORTED, EINTR}},
        {SYS_accept4, "accept4", {EMFILE, ECONNABORTED, EINTR}},
        {SYS_connect, "connect", {ECONNREFUSED, ENOENT, EINTR}},
        {SYS_sendto, "sendto", {EPIPE, EINTR, ENOBUFS}},
        {SYS_sendmsg, "sendmsg", {EPIPE, ENOBUFS}},
        {SYS_sendmmsg, "sendmmsg", {ENOBUFS}},
        {SYS_recvfrom, "recvfrom", {ECONNRESET, EINTR}},
        {SYS_recvmsg, "recvmsg", {ENOMEM, EINTR}},
        {SYS_setsockopt, "setsockopt", {ENOMEM}},
        {SYS_getsockopt, "getsockopt", {ENOMEM}},
        {SYS_getsockname, "getsockname", {ENOBUFS}},
        {SYS_shutdown, "shutdown", {ENOTCONN}},
        {SYS_clone, "clone", {EAGAIN, ENOMEM}},
        {SYS_clone3, "clone3", {EAGAIN, ENOMEM, ENOSYS}},
        {SYS_fork, "fork", {EAGAIN, ENOMEM}},
        {SYS_vfork, "vfork", {EAGAIN, ENOMEM}},
        {SYS_getrandom, "getrandom", {EINTR, ENOSYS}},
        {SYS_prctl, "prctl", {EPERM}},
        {SYS_sched_getaffinity, "sched_getaffinity", {EPERM}},
        {SYS_sched_setaffinity, "sched_setaffinity", {EPERM}},
        {SYS_prlimit64, "prlimit64", {EPERM}},
        {SYS_getrlimit, "getrlimit", {EPERM}},
        {SYS_sysinfo, "sysinfo", {EPERM}},
        {SYS_kill, "kill", {EPERM}},
        {SYS_getpgid, "getpgid", {EPERM, ESRCH}},
        {SYS_clock_nanosleep, "clock_nanosleep", {EINTR}},
        {SYS_sigaltstack, "sigaltstack", {ENOMEM}},
    };
    return rows;
}

const row nothing{0, "", {}};

const row& find(std::uint64_t number) {
    const auto found = std::ranges::find(table(), number, &row::number);
    return found != table().end() ? *found : nothing;
}

// A file that is made needs room, which one that is opened does not.
void of_opening(std::vector<misfortune>& all, std::uint64_t flags) {
    if ((flags & O_CREAT) != 0) all.push_back({.error = ENOSPC});
}

std::vector<misfortune> of_control(std::uint64_t command) {
    switch (command) {
        case F_SETLK:
        case F_OFD_SETLK: return {{.error = ENOLCK}, {.error = EAGAIN}};
        case F_GETLK:
        case F_OFD_GETLK: return {{.error = ENOLCK}};
        case F_DUPFD:
        case F_DUPFD_CLOEXEC: return {{.error = EMFILE}};
        default: return {};
    }
}

bool moves_bytes(std::uint64_t number) {
    constexpr std::uint64_t those[] = {SYS_read, SYS_pread64, SYS_write, SYS_pwrite64};
    return std::ranges::find(those, number) != std::end(those);
}

// What is over at the next attempt is not all: a process that has no descriptors left will have none then either.
bool may_last(int error) {
    constexpr int those[] = {EMFILE, ENOMEM, ENOSPC, EACCES, ENOLCK};
    return std::ranges::find(those, error) != std::end(those);
}

std::vector<misfortune> each_once(const system_call& call) {
    if (call.number == SYS_fcntl) return of_control(call.arguments[1]);
    // Asking where the break is always succeeds.
    if (call.number == SYS_brk)
        return call.arguments[0] != 0 ? std::vector<misfortune>{{how::unmoved, ENOMEM}} : std::vector<misfortune>{};
    std::vector<misfortune> all;
    for (const int error : find(call.number).errors)
        all.push_back({call.number == SYS_close ? how::done_fails : how::fails, error});
    if (call.number == SYS_openat) of_opening(all, call.arguments[2]);
    if (call.number == SYS_open) of_opening(all, call.arguments[1]);
    if (moves_bytes(call.number) && call.arguments[2] > 1) all.push_back({how::halved, 0});
    return all;
}

}  // namespace

std::vector<misfortune> misfortunes_of(const system_call& call) {
    std::vector<misfortune> all = each_once(call);
    for (std::size_t i = 0, once = all.size(); i < once; ++i)
        if (all[i].kind == how::fails && may_last(all[i].error)) all.push_back({how::fails, all[i].error, true});
    return all;
}

std::string name_of(std::uint64_t number) {
    if (number == SYS_fcntl) return "fcntl";
    if (number == SYS_brk) return "brk";
    const row& found = find(number);
    return found.name.empty() ? "call " + std::to_string(number) : std::string{found.name};
}

std::string name_of(const misfortune& what) {
    if (what.kind == how::halved) return "half";
    const char* name = strerrorname_np(what.error);
    return (name != nullptr ? name : std::to_string(what.error)) + (what.lasts ? std::string{" from then on"} : "");
}

}  // namespace seki::test
