#include "config/configuration.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <optional>

#include "config/document.hpp"
#include "primitives/quoted.hpp"
#include "shm/refuse.hpp"

namespace seki::config {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

Errc code_of(int number) {
    if (number == ENOENT || number == ENOTDIR) return Errc::not_found;
    if (number == EACCES || number == EPERM) return Errc::no_permission;
    return Errc::system;
}

std::unexpected<Error> cannot_read(const std::string& file, int number) {
    return shm::refuse(code_of(number), "{}: cannot read the configuration: {}", file, shm::system_advice(number));
}

// A pipe is refused too: a reload must be able to read the file again.
Result<void> check_kind(const std::string& file) {
    struct stat about{};
    if (::stat(file.c_str(), &about) != 0) return cannot_read(file, errno);
    if (S_ISDIR(about.st_mode))
        return shm::refuse(Errc::invalid_argument, "{}: is a directory: give the configuration file in it", file);
    if (!S_ISREG(about.st_mode))
        return shm::refuse(Errc::invalid_argument, "{}: is not a regular file: a configuration is one", file);
    return {};
}

Result<std::string> read_file(const std::string& file) {
    if (const auto fine = check_kind(file); !fine) return std::unexpected(fine.error());
    errno = 0;
    std::ifstream stream{file, std::ios::binary};
    if (!stream) return cannot_read(file, errno);
    std::string text(max_file_size + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (stream.bad()) return cannot_read(file, EIO);
    text.resize(static_cast<std::size_t>(stream.gcount()));
    return text;
}

Result<void> check_text(std::string_view text, std::string_view file) {
    if (text.size() > max_file_size)
        return shm::refuse(Errc::invalid_argument, "{}: is larger than 1MiB: a configuration is not", file);
    if (text.starts_with(byte_order_mark))
        return shm::refuse(Errc::invalid_argument,
                           "{}:1:1: starts with a byte order mark: save it as UTF-8 without one", file);
    return {};
}

}  // namespace

Result<configuration> parse(std::string_view text, std::string_view file) {
    return shm::contained([&]() -> Result<configuration> {
        if (const auto fine = check_text(text, file); !fine) return std::unexpected(fine.error());
        return read_document(text, file);
    });
}

Result<configuration> load(const std::filesystem::path& path) {
    return shm::contained([&]() -> Result<configuration> {
        const auto text = read_file(path.native());
        if (!text) return std::unexpected(text.error());
        return parse(*text, path.native());
    });
}

}  // namespace seki::config
