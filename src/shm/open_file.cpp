#include "shm/open_file.hpp"

#include <dirent.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <memory>

namespace seki::shm {

bool has_open(std::string_view name) noexcept {
    // The thread's: where the first thread has ended, that of the process is empty.
    const std::unique_ptr<DIR, int (*)(DIR*)> list{::opendir("/proc/thread-self/fd"), ::closedir};
    if (list == nullptr) return true;
    std::array<char, PATH_MAX> text;
    const struct dirent* entry = nullptr;
    while (errno = 0, (entry = ::readdir(list.get())) != nullptr) {
        if (entry->d_type == DT_DIR) continue;  // itself and its parent
        const ssize_t length = ::readlinkat(::dirfd(list.get()), entry->d_name, text.data(), text.size());
        if (length < 0) {
            if (errno == ENOENT) continue;  // another thread has closed it meanwhile
            return true;
        }
        std::string_view target{text.data(), static_cast<std::size_t>(length)};
        constexpr std::string_view removed = " (deleted)";
        if (target.ends_with(removed)) target.remove_suffix(removed.size());
        if (target.substr(target.rfind('/') + 1) == name) return true;
    }
    return errno != 0;
}

}  // namespace seki::shm
