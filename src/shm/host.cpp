#include "shm/host.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstdio>
#include <string>

#include "shm/descriptor.hpp"
#include "shm/refuse.hpp"

namespace seki::shm {
namespace {

constexpr const char* boot_id_file = "/proc/sys/kernel/random/boot_id";
constexpr const char* offsets_file = "/proc/self/timens_offsets";

// These files come whole in one read.
Result<std::string> read_small(const char* path) {
    const descriptor file{::open(path, O_RDONLY | O_CLOEXEC)};
    if (!file)
        return refuse(errno == ENOENT ? Errc::not_found : Errc::system, "cannot read {}: {}", path,
                      system_advice(errno));
    std::array<char, 512> text;
    ssize_t length = -1;
    do length = ::read(file.get(), text.data(), text.size());
    while (length < 0 && errno == EINTR);  // ends: a signal comes now and then, not always
    if (length < 0) return refuse(Errc::system, "cannot read {}: {}", path, system_advice(errno));
    return std::string(text.data(), static_cast<std::size_t>(length));
}

std::uint8_t digit(char c) noexcept {
    return static_cast<std::uint8_t>(c <= '9' ? c - '0' : std::tolower(static_cast<unsigned char>(c)) - 'a' + 10);
}

Result<std::array<std::uint8_t, 16>> read_boot_id() {
    const Result<std::string> text = read_small(boot_id_file);
    if (!text && text.error().code == Errc::not_found)
        return refuse(Errc::system, "cannot tell which boot this is, for there is no {}: mount /proc", boot_id_file);
    if (!text) return refuse(Errc::system, "cannot tell which boot this is: {}", text.error().message);
    std::array<std::uint8_t, 16> id{};
    std::size_t digits = 0;
    for (const char c : *text) {
        if (std::isxdigit(static_cast<unsigned char>(c)) == 0) continue;
        if (digits == 2 * id.size()) break;
        id[digits / 2] = static_cast<std::uint8_t>(id[digits / 2] << 4 | digit(c));
        ++digits;
    }
    if (digits != 2 * id.size()) return refuse(Errc::system, "{} holds no boot id", boot_id_file);
    return id;
}

Result<std::int64_t> read_monotonic_offset() {
    const Result<std::string> text = read_small(offsets_file);
    if (!text) return std::unexpected(text.error());
    long long seconds = 0;
    long long nanoseconds = 0;
    if (std::sscanf(text->c_str(), "monotonic %lld %lld", &seconds, &nanoseconds) != 2)
        return refuse(Errc::system, "{} does not start with the offset of the monotonic clock", offsets_file);
    return seconds * 1'000'000'000 + nanoseconds;
}

}  // namespace

Result<host> this_host() {
    const auto boot_id = read_boot_id();
    if (!boot_id) return std::unexpected(boot_id.error());
    const auto offset = read_monotonic_offset();
    if (!offset && offset.error().code == Errc::not_found)
        return host{*boot_id, 0};  // a kernel without time namespaces
    if (!offset) return std::unexpected(offset.error());
    return host{*boot_id, *offset};
}

bool has_other_clock(std::int64_t monotonic_offset_ns) noexcept try {
    const auto offset = read_monotonic_offset();
    return offset && *offset != monotonic_offset_ns;
} catch (...) {  // no memory to look
    return false;
}

Result<void> fill_random(std::span<std::uint8_t> bytes) {
    while (!bytes.empty()) {  // ends: each turn fills some, or was interrupted by a signal
        const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
        if (got < 0 && errno != EINTR) return refuse(Errc::system, "no random bytes: {}", system_advice(errno));
        if (got > 0) bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
    return {};
}

}  // namespace seki::shm
