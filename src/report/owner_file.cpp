#include "report/owner_file.hpp"

#include <fcntl.h>

#include <cerrno>

#include "shm/descriptor.hpp"
#include "shm/segment.hpp"

namespace seki::report {

std::filesystem::path owner_file(const std::filesystem::path& segment) { return shm::owner_lock_path(segment); }

std::optional<bool> is_owned(const std::filesystem::path& segment) noexcept try {
    const shm::descriptor file{::open(owner_file(segment).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    if (!file) return errno == ENOENT ? std::optional{false} : std::nullopt;
    struct flock question{};
    question.l_type = F_RDLCK;
    question.l_whence = SEEK_SET;
    if (::fcntl(file.get(), F_OFD_GETLK, &question) != 0) return std::nullopt;
    return question.l_type != F_UNLCK;
} catch (...) {
    return std::nullopt;  // out of memory for the name
}

}  // namespace seki::report
