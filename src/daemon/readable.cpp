#include "daemon/readable.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include <fmt/format.h>

#include "shm/descriptor.hpp"
#include "shm/refuse.hpp"

namespace seki::daemon {

std::string why_unreadable(const std::string& file) {
    const shm::descriptor opened{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    struct stat about{};
    if (!opened || ::fstat(opened.get(), &about) != 0)
        return fmt::format("cannot be read: {}", shm::system_advice(errno));
    if (S_ISREG(about.st_mode)) return {};
    return S_ISDIR(about.st_mode) ? "is a directory: name a file in it" : "is not a regular file: name one";
}

}  // namespace seki::daemon
