#include "report/owner_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "shm/descriptor.hpp"
#include "shm/segment.hpp"

namespace seki::report {
namespace {

constexpr std::size_t most_bytes = 64 << 10;  // of a file that others may have written
constexpr std::string_view reload_word = "reload ";

// As much of it as there is.
std::string read_owner_file(const std::filesystem::path& segment, std::size_t bytes) {
    const shm::descriptor file{::open(owner_file(segment).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    std::string text(bytes, '\0');
    const ssize_t length = file ? ::pread(file.get(), text.data(), text.size(), 0) : 0;
    text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    return text;
}

// Takes the first line off `text`; nothing where none ends.
std::optional<std::string_view> take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    if (end == text.npos) return std::nullopt;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return line;
}

// Whether `text` is that many numbers with a space between each two.
bool read_numbers(std::string_view text, std::span<std::uint64_t> numbers) {
    for (std::uint64_t& each : numbers) {
        if (&each != numbers.data() && (text.empty() || text.front() != ' ')) return false;
        if (&each != numbers.data()) text.remove_prefix(1);
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), each);
        if (problem != std::errc{}) return false;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    }
    return text.empty();
}

}  // namespace

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
    const std::string bytes = read_owner_file(segment, 512);
    std::string_view text = bytes;
    if (!take_line(text)) return std::nullopt;
    const auto address = take_line(text);
    if (!address || address->empty()) return std::nullopt;
    return std::string{*address};
}

std::string as_written(const reload_outcome& outcome) {
    const std::string_view why_not = std::string_view{outcome.why_not}.substr(0, most_bytes / 2);
    return fmt::format("{}{} {} {}\n{}", reload_word, outcome.generation, outcome.request, why_not.size(), why_not);
}

std::optional<reload_outcome> latest_reload(const std::filesystem::path& segment) {
    const std::string bytes = read_owner_file(segment, most_bytes);
    std::string_view text = bytes;
    if (!take_line(text) || !take_line(text)) return std::nullopt;
    const auto line = take_line(text);
    std::array<std::uint64_t, 3> numbers{};
    if (!line || !line->starts_with(reload_word) || !read_numbers(line->substr(reload_word.size()), numbers))
        return std::nullopt;
    const auto [generation, request, length] = numbers;
    if (text.size() < length) return std::nullopt;  // sekid is about to write the rest
    return reload_outcome{generation, request, std::string{text.substr(0, length)}};
}

}  // namespace seki::report
