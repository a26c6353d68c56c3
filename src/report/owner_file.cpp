#include "report/owner_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

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

std::optional<std::string> owner_address(const std::filesystem::path& segment) {
    if (!is_owned(segment).value_or(true)) return std::nullopt;
    const shm::descriptor file{::open(owner_file(segment).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    std::array<char, 512> bytes{};
    const ssize_t length = file ? ::pread(file.get(), bytes.data(), bytes.size(), 0) : -1;
    if (length <= 0) return std::nullopt;
    const std::string_view text{bytes.data(), static_cast<std::size_t>(length)};
    const std::size_t first = text.find('\n');
    const std::size_t last = first == text.npos ? text.npos : text.find('\n', first + 1);
    if (last == text.npos || last == first + 1) return std::nullopt;
    return std::string{text.substr(first + 1, last - first - 1)};
}

}  // namespace seki::report
