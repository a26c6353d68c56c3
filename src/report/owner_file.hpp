// The lock by which at most one sekid looks after a segment: `PATH.owner`.
//
// sekid takes a write lock of the open file description (F_OFD_SETLK) for as long as it runs (daemon/owner_lock.hpp); the kernel drops it when sekid
// dies, however that comes. Who asks, asks with a read lock, and takes none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace seki::report {

[[nodiscard]] std::filesystem::path owner_file(const std::filesystem::path& segment);

// Whether a sekid holds the lock; nothing when that cannot be told, for lack of permission.
[[nodiscard]] std::optional<bool> is_owned(const std::filesystem::path& segment) noexcept;

// Where that sekid says that it answers HTTP, "http://127.0.0.1:9435" or "unix:/path": the second line of the file. Any bytes; nothing when there is
// no sekid, or it does not say.
[[nodiscard]] std::optional<std::string> owner_address(const std::filesystem::path& segment);

// What became of the latest reload that was asked for in the segment.
struct reload_outcome {
    std::uint64_t generation = 0;  // of the segment
    std::uint64_t request = 0;     // header::reload_requests, as sekid saw it
    std::string why_not{};         // empty: it was done
    friend bool operator==(const reload_outcome&, const reload_outcome&) = default;
};

// As the file has it, after its first two lines: "reload GENERATION REQUEST LENGTH", and LENGTH bytes that say why not.
[[nodiscard]] std::string as_written(const reload_outcome& outcome);

// Nothing before the first such reload, and where the file cannot be read.
[[nodiscard]] std::optional<reload_outcome> latest_reload(const std::filesystem::path& segment);

}  // namespace seki::report
