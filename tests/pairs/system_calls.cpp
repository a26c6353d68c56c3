#include "system_calls.hpp"

#ifdef __x86_64__

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>

namespace seki::test {
namespace {

constexpr std::uint64_t own[] = {SYS_brk,          SYS_madvise,     SYS_getpid, SYS_gettid,       SYS_getppid,
                                 SYS_getuid,       SYS_geteuid,     SYS_getgid, SYS_getegid,      SYS_clock_gettime,
                                 SYS_clock_getres, SYS_getrandom,   SYS_alarm,  SYS_rt_sigaction, SYS_rt_sigprocmask,
                                 SYS_rt_sigreturn, SYS_sched_yield, SYS_getcwd, SYS_prlimit64};
constexpr std::uint64_t of_mappings[] = {SYS_munmap, SYS_mprotect, SYS_mremap};
constexpr std::uint64_t asking[] = {
    SYS_open,     SYS_openat,     SYS_close,      SYS_fcntl,     SYS_flock,    SYS_stat,       SYS_fstat,
    SYS_lstat,    SYS_newfstatat, SYS_statx,      SYS_lseek,     SYS_readlink, SYS_readlinkat, SYS_getdents64,
    SYS_access,   SYS_faccessat,  SYS_faccessat2, SYS_mkdir,     SYS_mkdirat,  SYS_rmdir,      SYS_unlink,
    SYS_unlinkat, SYS_rename,     SYS_renameat,   SYS_renameat2, SYS_link,     SYS_linkat,     SYS_fchmod,
    SYS_fchown,   SYS_fsync,      SYS_fdatasync,  SYS_statfs,    SYS_fstatfs,  SYS_futex};
// These reach into the file that their first argument is.
constexpr std::uint64_t of_contents[] = {SYS_read,  SYS_write,  SYS_pread64,   SYS_pwrite64,
                                         SYS_readv, SYS_writev, SYS_ftruncate, SYS_fallocate};

template <std::size_t size>
bool is_among(std::uint64_t number, const std::uint64_t (&all)[size]) {
    return std::ranges::find(all, number) != std::end(all);
}

// Beside a segment are the lock of who administers it, and what its workers live by; nobody has these in his memory.
bool is_never_mapped(const system_call& call) {
    std::error_code failed;
    const std::string name = std::filesystem::read_symlink(
        "/proc/" + std::to_string(call.of) + "/fd/" + std::to_string(static_cast<int>(call.arguments[0])), failed);
    return !failed && (name.starts_with("/proc/") || name.starts_with("/sys/") || name == "/dev/null" ||
                       name.ends_with(".seg.lock") || name.find(".seg.live/") != name.npos);
}

}  // namespace

reach_of_call reach_of(const system_call& call) {
    const auto& given = call.arguments;
    if (is_among(call.number, own)) return reach_of_call::own;
    if (is_among(call.number, of_mappings)) return reach_of_call::mappings;
    if (is_among(call.number, asking)) return reach_of_call::asks;
    if (is_among(call.number, of_contents) && is_never_mapped(call)) return reach_of_call::asks;
    if (call.number == SYS_mmap && (given[3] & MAP_PRIVATE) != 0 && (given[3] & MAP_ANONYMOUS) != 0)
        return reach_of_call::mappings;
    // Who stops by his own will.
    if (call.number == SYS_tgkill && given[0] == static_cast<std::uint64_t>(call.of)) return reach_of_call::own;
    return reach_of_call::anything;
}

}  // namespace seki::test

#endif
