#include "shm/refuse.hpp"

#include <cerrno>

namespace seki::shm {

const char* remedy_for(int number) noexcept {
    switch (number) {
        case EMFILE: return "close some, or raise what the process may have (ulimit -n; LimitNOFILE= of its unit)";
        case ENFILE: return "the whole host has too many: close some, or raise fs.file-max";
        case ENOMEM:
        case ENOBUFS: return "free some memory, or raise what the process or its container may have";
        case ENOSPC: return "make room on that file system";
        case EDQUOT: return "make room, or have the quota raised";
        case EACCES:
        case EPERM: return "ask its owner, or run as a user who may";
        case EROFS: return "choose a path on another file system";
        case ENOENT: return "look whether the path is right, and whether somebody removed it";
        case EIO: return "a device or a file system fails: the kernel's log (dmesg) says which";
        case ENOLCK: return "the kernel or its file system has no more locks: choose a path in memory, as /dev/shm is";
        case EINTR:
        case EAGAIN:
            return "try again; if it stays so, there are too many processes or threads (ulimit -u; TasksMax= of its "
                   "unit)";
        case ENOSYS:
        case EINVAL:
        case EOPNOTSUPP:
            return "the kernel, a sandbox or the file system does not have that: choose another path or kernel";
        default: return "the kernel's log (dmesg) may say more";
    }
}

Error out_of_memory() noexcept {
    Error made{Errc::no_space, "out of memory"};  // short enough to need none
    try {
        made.message = fmt::format("out of memory: {}", remedy_for(ENOMEM));
    } catch (...) {  // then without
    }
    return made;
}

}  // namespace seki::shm
