#include "shm/creation.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <memory>
#include <span>
#include <vector>

#include "layout/hash.hpp"
#include "shm/group.hpp"
#include "shm/host.hpp"
#include "shm/memory.hpp"
#include "shm/recognition.hpp"
#include "shm/refuse.hpp"
#include "shm/segment.hpp"

namespace seki::shm {
namespace {

std::unexpected<Error> failed(const place& where, const char* doing, int number) {
    const Errc code = number == ENOSPC || number == EDQUOT || number == ENOMEM ? Errc::no_space
                      : number == EACCES || number == EPERM || number == EROFS ? Errc::no_permission
                                                                               : Errc::system;
    return refuse(code, "segment \"{}\": cannot {}: {}", where.path.native(), doing, system_advice(number));
}

// ---- what is asked for

Result<void> check_mode(unsigned mode) {
    const std::string_view wrong = mistake_in_mode(mode);
    if (wrong.empty()) return {};
    return refuse(Errc::invalid_argument, "segment: mode {:04o} {}: 0660, 0640 or 0600", mode, wrong);
}

// Without a name, the group that shares the folder, as with any file that is made there.
Result<gid_t> find_group(const place& where, const std::string& name) {
    const auto named = group_of(name);
    if (!named) return std::unexpected(named.error());
    return named->value_or(where.sharers.value_or(::getegid()));
}

// ---- room for it

std::uint64_t free_bytes(const place& where) noexcept {
    struct statvfs facts{};
    return ::fstatvfs(where.folder.get(), &facts) == 0 ? facts.f_bavail * facts.f_frsize : 0;
}

Result<void> check_file_size_limit(const place& where, std::uint64_t size) {
    struct rlimit limit{};
    if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur >= size) return {};  // RLIM_INFINITY is the greatest
    return refuse(
        Errc::no_space,
        "segment \"{}\": its {} bytes are more than this process may write to a file ({}): raise `ulimit -f`, "
        "or lower the segment's size",
        where.path.native(), size, limit.rlim_cur);
}

// Every page is there before anybody maps the file: a full file system is an error here and not a SIGBUS later.
Result<void> allocate(const place& where, int file, std::uint64_t size) {
    const std::uint64_t free = free_bytes(where);
    int number = EINTR;
    for (int attempt = 0; number == EINTR && attempt < 1000; ++attempt)
        number = ::posix_fallocate(file, 0, static_cast<off_t>(size));
    if (number == ENOSPC || number == EDQUOT || number == ENOMEM)
        return refuse(
            Errc::no_space,
            "segment \"{}\": its {} bytes do not fit, for the file system has {} free: make room there (in Docker: "
            "--shm-size), lower the segment's size, max_workers or max_primitives, or choose another path",
            where.path.native(), size, free);
    if (number != 0) return failed(where, "allocate it", number);
    return {};
}

// ---- what is written

Result<void> write_at(const place& where, int file, std::span<const std::byte> bytes, std::uint64_t offset) {
    while (!bytes.empty()) {  // ends: each turn writes some, or was interrupted by a signal
        const ssize_t done = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (done < 0 && errno != EINTR) return failed(where, "write it", errno);
        if (done <= 0) continue;
        bytes = bytes.subspan(static_cast<std::size_t>(done));
        offset += static_cast<std::uint64_t>(done);
    }
    return {};
}

Result<void> write_word(const place& where, int file, std::uint64_t value, std::uint64_t offset) {
    return write_at(where, file, std::as_bytes(std::span{&value, 1}), offset);
}

// Generations tell the lock files of a segment from those of its predecessor, so none may come again. Where no predecessor tells its own, as it was
// removed or is damaged, there may still be processes that hold it, and look whether others live by the lock files of this path: the microseconds
// since 1970 are more than any path has seen segments, and rise faster than they are made.
std::uint64_t next_generation(const predecessor* old) noexcept {
    if (old != nullptr && old->generation != 0) return old->generation + 1;
    struct timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000;
}

Result<layout::header> first_page(const layout::geometry& parts, std::uint64_t generation) {
    const auto here = this_host();
    if (!here) return std::unexpected(here.error());
    layout::header header{};
    hardware::store_relaxed(header.id.version, layout::version);
    hardware::store_relaxed(header.id.layout_hash, layout::layout_hash);
    hardware::store_relaxed(header.id.size, parts.size);
    header.parts = parts;
    header.boot_id = here->boot_id;
    header.monotonic_offset_ns = here->monotonic_offset_ns;
    header.generation = generation;
    struct timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    header.created_unix_ns =
        static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
    if (Result<void> seeded = fill_random(header.seed); !seeded) return std::unexpected(seeded.error());
    return header;
}

// By pwrite and not through a mapping, so that nobody who truncates the file under us can kill us. The rest is zeros, which is valid.
Result<void> fill(const place& where, int file, const layout::header& header) {
    if (Result<void> done = write_at(where, file, std::as_bytes(std::span{&header, 1}), 0); !done) return done;
    if (::fsync(file) != 0) return failed(where, "sync it", errno);
    return write_word(where, file, layout::magic, offsetof(layout::header, id.magic));
}

// ---- the folder of the lock files

constexpr mode_t folder_mode(mode_t mode) noexcept { return mode | (mode & 0444) >> 2 | S_ISGID; }

Result<void> empty_folder(const place& where, int folder) {
    descriptor again{::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!again) return failed(where, "read the folder of its lock files", errno);
    const std::unique_ptr<DIR, int (*)(DIR*)> list{::fdopendir(again.get()), ::closedir};
    if (list == nullptr) return failed(where, "read the folder of its lock files", errno);
    static_cast<void>(again.release());  // the list closes it
    while (const struct dirent* entry = ::readdir(list.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != ".." && ::unlinkat(folder, entry->d_name, 0) != 0 && errno != ENOENT)
            return failed(where, "empty the folder of its lock files", errno);
    }
    return {};
}

// Lock files of an earlier segment are removed and not reused: a process that still holds one, and attaches anew, would lose the lock
// on the new one when it closes the old one.
Result<void> make_live_folder(const place& where, mode_t mode, gid_t group) {
    const std::string name = where.live_name();
    const mode_t wanted = folder_mode(mode);
    // Where a group shares the folder around it, it gets the setgid bit from that; made as it is to be it needs no chmod(), which would set that bit: systemd's
    // RestrictSUIDSGID= forbids it.
    if (::mkdirat(where.folder.get(), name.c_str(), where.sharers ? wanted & 0777 : 0700) != 0 && errno != EEXIST)
        return failed(where, "make the folder of its lock files", errno);
    const descriptor folder{
        ::openat(where.folder.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!folder) return failed(where, "open the folder of its lock files", errno);
    struct stat facts{};
    if (::fstat(folder.get(), &facts) != 0) return failed(where, "look at the folder of its lock files", errno);
    if (!is_trusted(where, facts))
        return refuse(Errc::no_permission,
                      "folder \"{}.live\" was made by somebody else ({}): remove it, or choose another path",
                      where.path.native(), describe(facts));
    if (Result<void> empty = empty_folder(where, folder.get()); !empty) return empty;
    if (facts.st_gid != group && ::fchown(folder.get(), static_cast<uid_t>(-1), group) != 0)
        return failed(where, "give the folder of its lock files to its group", errno);
    if ((facts.st_mode & 07777) != wanted && ::fchmod(folder.get(), wanted) != 0)
        return failed(where, "set the mode of the folder of its lock files", errno);
    return {};
}

// ---- into place

Result<void> rename_into_place(const place& where, bool over_old) {
    const int folder = where.folder.get();
    const std::string from = where.new_name();
    int done = ::renameat2(folder, from.c_str(), folder, where.name.c_str(), over_old ? 0 : RENAME_NOREPLACE);
    // A file system without RENAME_NOREPLACE: we hold the lock, and looked.
    if (done != 0 && errno == EINVAL && !over_old) done = ::renameat(folder, from.c_str(), folder, where.name.c_str());
    if (done != 0) return failed(where, "rename it into place", errno);
    const descriptor readable{::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (readable) ::fsync(readable.get());  // a folder that we may not read is synced by the kernel in its own time
    return {};
}

Result<opened_file> open_new(const place& where) {
    const std::string name = where.new_name();
    // What a creator left that died: we hold the lock, so nobody is at work on it.
    if (::unlinkat(where.folder.get(), name.c_str(), 0) != 0 && errno != ENOENT)
        return failed(where, "remove what an earlier creation left (PATH.new)", errno);
    opened_file made;
    made.file = descriptor{
        ::openat(where.folder.get(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (!made.file) return failed(where, "create it", errno);
    return made;
}

Result<void> complete(const place& where, const SegmentOptions& options, const layout::geometry& parts, gid_t group,
                      const administration& lock, const predecessor* old, opened_file& made) {
    const int file = made.file.get();
    const auto mode = static_cast<mode_t>(options.mode);
    if (::fchown(file, static_cast<uid_t>(-1), group) != 0) {
        if (errno == EPERM)
            return refuse(Errc::no_permission,
                          "segment \"{}\": you may not give it to group {}: join that group, or leave `group` empty",
                          where.path.native(), group_name(group));
        return failed(where, "give it to its group", errno);
    }
    if (Result<void> done = allocate(where, file, parts.size); !done) return done;
    const auto header = first_page(parts, next_generation(old));
    if (!header) return std::unexpected(header.error());
    if (Result<void> done = fill(where, file, *header); !done) return done;
    if (::fchmod(file, mode) != 0) return failed(where, "set its mode", errno);
    if (::fsync(file) != 0) return failed(where, "sync it", errno);
    lock.share_with(mode, group);
    if (old != nullptr) {
        if (Result<void> fine = may_remove(where, old); !fine) return fine;
        if (old->ours)
            if (Result<void> done = mark_superseded(where, *old); !done) return done;
    }
    if (Result<void> done = make_live_folder(where, mode, group); !done) return done;
    if (::fstat(file, &made.facts) != 0) return failed(where, "look at it", errno);
    return rename_into_place(where, old != nullptr);
}

}  // namespace

std::string_view mistake_in_mode(unsigned mode) noexcept {
    if ((mode & 07U) != 0) return "lets others than owner and group in";
    if (mode != 0660 && mode != 0640 && mode != 0600) return "is not a useful mode";
    return {};
}

Result<std::optional<predecessor>> look_at_predecessor(const place& where) {
    Result<opened_file> opened = open_trusted(where, where.name, O_RDWR);
    if (!opened && opened.error().code == Errc::not_found) return std::nullopt;
    if (!opened) return std::unexpected(opened.error());
    if (Result<void> fine = may_be_replaced(where, *opened); !fine) return std::unexpected(fine.error());
    predecessor old;
    old.opened = std::move(*opened);
    layout::header header;
    if (::pread(old.opened.file.get(), &header, sizeof header, 0) == static_cast<ssize_t>(sizeof header)) {
        old.ours = has_our_magic(header);
        old.marked = hardware::load_relaxed(header.id.superseded) != 0;
        if (has_our_layout(header)) old.generation = header.generation;
    }
    return old;
}

Result<void> mark_superseded(const place& where, const predecessor& old) {
    if (old.marked) return {};
    return write_word(where, old.opened.file.get(), 1, offsetof(layout::header, id.superseded));
}

Result<opened_file> make_segment(const place& where, const SegmentOptions& options, const administration& lock,
                                 const predecessor* old) {
    const auto parts = plan(options);
    if (!parts) return std::unexpected(parts.error());
    if (Result<void> fine = check_mode(options.mode); !fine) return std::unexpected(fine.error());
    const auto group = find_group(where, options.group);
    if (!group) return std::unexpected(group.error());
    if (Result<void> fine = check_file_size_limit(where, parts->size); !fine) return std::unexpected(fine.error());

    Result<opened_file> made = open_new(where);
    if (!made) return made;
    const Result<void> done = contained([&] { return complete(where, options, *parts, *group, lock, old, *made); });
    if (done) return made;
    ::unlinkat(where.folder.get(), where.new_name().c_str(), 0);
    if (old == nullptr) ::unlinkat(where.folder.get(), where.live_name().c_str(), AT_REMOVEDIR);
    return std::unexpected(done.error());
}

// As the kernel decides about unlink and rename: write permission for the folder, and where that is sticky, something to call one's own.
Result<void> may_remove(const place& where, const predecessor* old) {
    const int folder = where.folder.get();
    const auto may_write = [folder](const char* name) {
        return ::faccessat(folder, name, W_OK | X_OK, AT_EACCESS) == 0 || errno == ENOENT;
    };
    if (!may_write(".")) return failed(where, "remove it: no permission for its folder", errno);
    if (!may_write(where.live_name().c_str())) return failed(where, "remove its lock files", errno);
    struct stat facts{};
    const uid_t us = ::geteuid();
    if (old == nullptr || us == 0 || us == old->opened.facts.st_uid || us == where.folder_owner) return {};
    if (::fstatat(folder, ".", &facts, 0) == 0 && (facts.st_mode & S_ISVTX) == 0) return {};
    return refuse(Errc::no_permission,
                  "segment \"{}\": in a sticky folder only its owner may remove it, and it has {}: ask that one",
                  where.path.native(), describe(old->opened.facts));
}

Result<descriptor> lock_out_sekid(const place& where) {
    const std::string name = where.owner_name();
    descriptor file{::openat(where.folder.get(), name.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    if (!file && errno == ENOENT) return file;
    if (!file) return failed(where, "see whether a sekid looks after it (PATH.owner)", errno);
    struct flock wanted{};
    wanted.l_type = F_WRLCK;
    wanted.l_whence = SEEK_SET;
    if (::fcntl(file.get(), F_OFD_SETLK, &wanted) == 0) return file;
    if (errno != EAGAIN && errno != EACCES) return failed(where, "see whether a sekid looks after it", errno);
    return refuse(Errc::busy,
                  "segment \"{}\": a sekid looks after it and would make it anew at once: stop that first (systemctl "
                  "stop sekid)",
                  where.path.native());
}

Result<void> remove_files(const place& where) {
    const int folder = where.folder.get();
    for (const std::string& name : {where.new_name(), where.name, where.owner_name()})
        if (::unlinkat(folder, name.c_str(), 0) != 0 && errno != ENOENT) return failed(where, "remove it", errno);
    const descriptor live{::openat(folder, where.live_name().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!live && errno != ENOENT) return failed(where, "open the folder of its lock files", errno);
    // Somebody who attached a moment ago may still put a lock file there.
    for (int attempt = 0; live && attempt < 16; ++attempt) {
        if (Result<void> empty = empty_folder(where, live.get()); !empty) return empty;
        if (::unlinkat(folder, where.live_name().c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) break;
        if (errno != ENOTEMPTY && errno != EEXIST) return failed(where, "remove the folder of its lock files", errno);
    }
    if (::unlinkat(folder, where.lock_name().c_str(), 0) != 0 && errno != ENOENT)
        return failed(where, "remove its lock", errno);
    return {};
}

}  // namespace seki::shm
