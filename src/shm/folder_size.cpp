#include "shm/folder_size.hpp"

#include <dirent.h>

#include <cerrno>
#include <memory>
#include <string_view>

namespace seki::shm {

std::expected<std::uint64_t, int> count_entries(const char* folder) noexcept {
    const std::unique_ptr<DIR, int (*)(DIR*)> list{::opendir(folder), ::closedir};
    if (list == nullptr) return std::unexpected(errno);
    std::uint64_t entries = 0;
    errno = 0;
    while (const struct dirent* entry = ::readdir(list.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") ++entries;
    }
    if (errno != 0) return std::unexpected(errno);
    return entries;
}

}  // namespace seki::shm
