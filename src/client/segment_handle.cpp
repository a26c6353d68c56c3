#include "client/segment_handle.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "primitives/clock.hpp"

namespace seki::client {
namespace {

constexpr std::uint64_t look_every_ns = 10'000'000;

// Whether the path names another file than the one that is mapped.
bool replaced(const std::filesystem::path& path, const shm::segment& mapped) noexcept {
    struct stat now{};
    return ::stat(path.c_str(), &now) == 0 && shm::file_identity{now.st_dev, now.st_ino} != mapped.file();
}

}  // namespace

segment_handle::segment_handle(std::shared_ptr<shm::segment> mapped, OpenOptions options, std::filesystem::path written)
    : written_{std::move(written)}, options_{std::move(options)} {
    current_.publish(nullptr, std::make_shared<const shm::attachment>(std::move(mapped)));
}

Result<bool> segment_handle::look_at_name() {
    const auto before = attachment();
    const shm::segment& old = before->where();
    if (old.superseded()) return false;
    old.give_up_without_name();
    if (!old.superseded() || options_.access != Access::create_or_attach) return false;
    if (const auto made = shm::segment::create_or_attach(where_next(), options_.segment); !made)
        return std::unexpected(made.error());
    return true;
}

Result<std::shared_ptr<const shm::attachment>> segment_handle::in_use() {
    if (!where().superseded()) return attachment();
    move_on();
    if (!where().superseded()) return attachment();
    if (where().is_at_its_path())  // this process was left out of it (shm/other_clock.hpp), or it is destroyed just now
        if (const auto why = shm::segment::attach(path(), where().how()); !why) return std::unexpected(why.error());
    return std::unexpected(Error{
        Errc::superseded,
        fmt::format(
            "segment {}: it was destroyed or replaced, and there is no other yet: start sekid, or open the segment "
            "again",
            path().string())});
}

std::shared_ptr<const shm::attachment> segment_handle::successor_of(const shm::attachment& old) {
    if (attachment().get() != &old && !where().superseded()) return attachment();  // another thread was here before
    const std::uint64_t now = primitives::read_clock(Clock::precise);
    std::uint64_t looked = shm::hardware::load_relaxed(looked_ns_);
    if (now - looked < look_every_ns && looked != 0) return nullptr;
    if (!shm::hardware::cas_acq_rel(looked_ns_, looked, now)) return nullptr;  // another thread looks
    move_on();
    return attachment().get() != &old ? attachment() : nullptr;
}

std::filesystem::path segment_handle::where_next() const {
    struct stat facts{};
    const bool gone = ::stat(path().parent_path().c_str(), &facts) != 0 && errno == ENOENT;
    return gone ? written_ : path();
}

void segment_handle::move_on() {
    auto* const newest = current_.current();
    const shm::segment& old = (*newest)->where();
    const std::filesystem::path there = where_next();
    if (!replaced(there, old)) return;
    if (auto next = shm::segment::attach(there, old.how())) {
        (*next)->keep_lock_folder_of(old);
        current_.publish(newest, std::make_shared<const shm::attachment>(std::move(*next)));
        // Others of this process may be in the midst of a call in the one that is left now; in the one before it hardly.
        if (const auto* const long_left = current_.before(newest)) (*long_left)->let_go();
    }
}

}  // namespace seki::client
