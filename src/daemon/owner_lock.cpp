#include "daemon/owner_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <new>
#include <optional>
#include <string>

#include "shm/file_trust.hpp"
#include "shm/refuse.hpp"

namespace seki::daemon {
namespace {

struct lock_file {
    shm::descriptor file;
    bool made = false;  // by us: on one that was there, somebody else may hold the lock
    [[nodiscard]] int get() const noexcept { return file.get(); }
};

// Judged as every file is that others may have put there: we are about to write into it. not_found when it went away in between.
Result<lock_file> open_file(const shm::place& where, const std::filesystem::path& file) {
    const std::string name = file.filename();
    shm::descriptor made{::openat(where.folder.get(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (made) return lock_file{std::move(made), true};
    if (errno != EEXIST)
        return shm::refuse(errno == EACCES || errno == EPERM ? Errc::no_permission : Errc::system,
                           "cannot make \"{}\": {}", file.native(), shm::system_advice(errno));
    auto found = shm::open_trusted(where, name, O_RDWR);
    if (!found) return std::unexpected(found.error());
    return lock_file{std::move(found->file)};
}

// 0, or why not.
int lock(int file) noexcept {
    struct flock wanted{};
    wanted.l_type = F_WRLCK;
    wanted.l_whence = SEEK_SET;
    return ::fcntl(file, F_OFD_SETLK, &wanted) == 0 ? 0 : errno;
}

// Whoever held it last may have removed it after we opened it.
bool still_named(int folder, const char* name, int opened) noexcept {
    struct stat ours{};
    struct stat named{};
    return ::fstat(opened, &ours) == 0 && ::fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

// Digits only: the file may have been written by others.
std::string pid_in(int file) {
    std::array<char, 20> text{};
    const ssize_t length = ::pread(file, text.data(), text.size(), 0);
    std::string digits;
    for (ssize_t i = 0;
         i < length && text[static_cast<std::size_t>(i)] >= '0' && text[static_cast<std::size_t>(i)] <= '9'; ++i)
        digits += text[static_cast<std::size_t>(i)];
    return digits.empty() ? "unknown" : digits;
}

void write_text(int file, const std::string& text) noexcept {
    // Only shown, so a file system that is full takes nothing away.
    static_cast<void>(!::ftruncate(file, 0));
    static_cast<void>(!::pwrite(file, text.data(), text.size(), 0));
}

}  // namespace

Result<owner_lock> owner_lock::take(const std::filesystem::path& segment) {
    return shm::contained([&]() -> Result<owner_lock> {
        const auto where = shm::locate(segment, shm::purpose::create);
        if (!where) return std::unexpected(where.error());
        const std::filesystem::path file = report::owner_file(segment);
        for (int attempt = 0; attempt < 16; ++attempt) {
            auto opened = open_file(*where, file);
            if (!opened && opened.error().code == Errc::not_found) continue;
            if (!opened) return std::unexpected(opened.error());
            const int why = lock(opened->get());
            if (why == EAGAIN || why == EACCES)
                return shm::refuse(Errc::busy,
                                   "segment \"{}\" is looked after by another sekid, pid {}: stop that one first",
                                   segment.native(), pid_in(opened->get()));
            if (why != 0) {
                if (opened->made) ::unlinkat(where->folder.get(), file.filename().c_str(), 0);
                return shm::refuse(Errc::system, "cannot lock \"{}\": {}", file.native(), shm::system_advice(why));
            }
            if (!still_named(where->folder.get(), file.filename().c_str(), opened->get())) continue;
            write_text(opened->get(), std::to_string(::getpid()) + "\n");
            return owner_lock{segment, file, std::move(opened->file)};
        }
        return shm::refuse(Errc::busy, "\"{}\" comes and goes: other sekids start and stop on that segment",
                           file.native());
    });
}

bool owner_lock::is_named() const noexcept { return still_named(AT_FDCWD, file_.c_str(), held_.get()); }

Result<bool> owner_lock::keep() {
    if (is_named()) return false;
    auto again = take(segment_);
    if (!again) return std::unexpected(again.error());
    held_ = std::move(again->held_);
    share();
    if (!address_.empty()) tell(address_);
    return true;
}

void owner_lock::share() const noexcept {
    struct stat facts{};
    if (::stat(segment_.c_str(), &facts) != 0) return;
    // Who may not do that leaves the lock to itself: then others judge by the heartbeat.
    static_cast<void>(!::fchown(held_.get(), static_cast<uid_t>(-1), facts.st_gid));
    static_cast<void>(!::fchmod(held_.get(), facts.st_mode & 0660));
}

void owner_lock::tell(std::string_view address) noexcept {
    try {
        address_ = address;
        const std::string text = std::to_string(::getpid()) + "\n" + address_ + "\n";
        write_text(held_.get(), text);
        told_ = text.size();
    } catch (const std::bad_alloc&) {
        // Then sekictl has to be told.
    }
}

void owner_lock::tell(const report::reload_outcome& outcome) const noexcept {
    if (told_ == 0) return;
    try {
        const std::string text = report::as_written(outcome);
        // What was there goes first: who reads meanwhile finds all of a record, or the beginning of it, and no mixture of two.
        static_cast<void>(!::ftruncate(held_.get(), static_cast<off_t>(told_)));
        static_cast<void>(!::pwrite(held_.get(), text.data(), text.size(), static_cast<off_t>(told_)));
    } catch (const std::bad_alloc&) {
        // Then the log alone has it.
    }
}

owner_lock::~owner_lock() {
    if (held_ && is_named()) ::unlink(file_.c_str());
}

}  // namespace seki::daemon
