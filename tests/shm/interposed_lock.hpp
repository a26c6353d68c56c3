// What happens before a lock is asked for, and what the kernel says to it: for one file of a test program, since it stands in the place of libc's fcntl().
#pragma once

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <functional>
#include <utility>

namespace seki::shm::test {

inline std::function<void()> before_locking;  // once
inline int why_not = 0;                       // what the kernel says of a lock that is asked for

}  // namespace seki::shm::test

// The library's calls find this one before that of libc.
extern "C" int fcntl(int file, int what, ...) {
    namespace played = seki::shm::test;
    va_list rest;
    va_start(rest, what);
    void* const argument = va_arg(rest, void*);
    va_end(rest);
    const bool locks = what == F_OFD_SETLK && static_cast<struct flock*>(argument)->l_type == F_WRLCK;
    if (locks && played::before_locking) std::exchange(played::before_locking, nullptr)();
    if (locks && played::why_not != 0) return errno = played::why_not, -1;
    return static_cast<int>(::syscall(SYS_fcntl, file, what, argument));
}
