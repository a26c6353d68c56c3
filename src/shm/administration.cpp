#include "shm/administration.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "shm/file_trust.hpp"
#include "shm/refuse.hpp"
#include "shm/segment.hpp"

namespace seki::shm {
namespace {

// The lock files that this process has open, so that a child can close them. The mutex is held for moments, never while waiting.
struct open_locks {
    struct entry {
        std::uint64_t ticket;
        int file;
    };
    std::mutex mutex;
    std::vector<entry> entries;
    std::uint64_t latest_ticket = 0;  // goes on in the child, so a ticket of the parent's names nothing there

    std::vector<entry>::iterator find(std::uint64_t ticket) {
        return std::ranges::find(entries, ticket, &entry::ticket);
    }
};

open_locks& locks() {
    static open_locks& all = []() -> open_locks& {
        static open_locks& made = *new open_locks;  // never destroyed: a fork may come after the end of main
        ::pthread_atfork([] { locks().mutex.lock(); }, [] { locks().mutex.unlock(); },
                         [] {
                             for (const auto& entry : locks().entries) ::close(entry.file);
                             locks().entries.clear();
                             locks().mutex.unlock();
                         });
        return made;
    }();
    return all;
}

// -1 once it was given back, and in a child of the process that took it.
int file_of(std::uint64_t ticket) noexcept {
    const std::scoped_lock guard{locks().mutex};
    const auto found = locks().find(ticket);
    return found == locks().entries.end() ? -1 : found->file;
}

bool set_lock(int file, short type) noexcept {
    struct flock whole{};
    whole.l_type = type;
    whole.l_whence = SEEK_SET;
    return ::fcntl(file, F_OFD_SETLK, &whole) == 0;
}

void give_back(std::uint64_t ticket) noexcept {
    if (ticket == 0) return;
    const std::scoped_lock guard{locks().mutex};
    const auto found = locks().find(ticket);
    if (found == locks().entries.end()) return;
    set_lock(found->file, F_UNLCK);  // closing is not enough where a raw clone() copied the descriptor
    ::close(found->file);
    locks().entries.erase(found);
}

int open_or_create(const place& where) {
    const std::string name = where.lock_name();
    constexpr int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
    // Without O_CREAT first: the kernel refuses it for somebody else's file in a sticky folder (fs.protected_regular).
    const int existing = ::openat(where.folder.get(), name.c_str(), flags);
    if (existing >= 0 || errno != ENOENT) return existing;
    return ::openat(where.folder.get(), name.c_str(), flags | O_CREAT, 0660);
}

Result<std::uint64_t> open_lock(const place& where) {
    const std::scoped_lock guard{locks().mutex};
    locks().entries.reserve(locks().entries.size() + 1);
    const int file = open_or_create(where);
    if (file >= 0) {
        locks().entries.push_back({++locks().latest_ticket, file});
        return locks().latest_ticket;
    }
    const std::string name = where.path.native() + ".lock";
    if (errno == EACCES || errno == EPERM) {
        struct stat facts{};
        const bool known = ::fstatat(where.folder.get(), where.lock_name().c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0;
        if (known)
            return refuse(Errc::no_permission, "no permission to administer: \"{}\" has {}: {}", name, describe(facts),
                          who_may(facts, S_IRGRP | S_IWGRP));
        return refuse(Errc::no_permission,
                      "no permission to make \"{}\": ask the owner of the folder, or choose another path", name);
    }
    return refuse(errno == ENOSPC ? Errc::no_space : Errc::system, "cannot open \"{}\": {}", name,
                  system_advice(errno));
}

// What stands under the lock's name must be a file that is as trustworthy as a segment.
Result<bool> still_named(const place& where, int file) {
    const Result<opened_file> named = open_trusted(where, where.lock_name(), O_RDWR);
    if (!named && named.error().code == Errc::not_found) return false;
    if (!named) return std::unexpected(named.error());
    struct stat mine{};
    return ::fstat(file, &mine) == 0 && mine.st_ino == named->facts.st_ino && mine.st_dev == named->facts.st_dev;
}

bool is_gone(const place& where, const std::string& name) noexcept {
    struct stat facts{};
    return ::fstatat(where.folder.get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
}

// Of a segment that was destroyed while we waited there may be a lock file that we made, and nobody's. The caller holds it.
void remove_lock_of_nothing(const std::filesystem::path& segment_path) {
    const Result<place> where = locate(segment_path, purpose::use);
    if (where && is_gone(*where, where->name) && is_gone(*where, where->live_name()))
        ::unlinkat(where->folder.get(), where->lock_name().c_str(), 0);
}

// Where nobody looks any more nothing is to be administered.
Result<void> must_stand(const segment& where) {
    if (where.superseded())
        return refuse(Errc::superseded, "segment \"{}\" was replaced or destroyed: open it again",
                      where.path().native());
    if (where.file() == file_identity{} || where.is_at_its_path()) return {};
    return refuse(Errc::not_found,
                  "cannot administer segment \"{}\": from this process that path does not lead to it: its file was "
                  "removed, or the process changed its root (chroot)",
                  where.path().native());
}

void write_pid(int file) noexcept {
    try {
        const std::string text = std::to_string(::getpid()) + "\n";
        if (::ftruncate(file, 0) == 0) static_cast<void>(!::pwrite(file, text.data(), text.size(), 0));
    } catch (...) {  // no memory for it: then the message lacks a number
    }
}

long read_pid(int file) noexcept {
    std::array<char, 16> text{};
    static_cast<void>(!::pread(file, text.data(), text.size() - 1, 0));  // where nothing is read, it is 0
    return std::strtol(text.data(), nullptr, 10);
}

}  // namespace

Result<administration> administration::lock(const std::filesystem::path& segment_path,
                                            std::chrono::milliseconds patience) {
    return contained([&]() -> Result<administration> {
        const Result<place> where = locate(segment_path, purpose::use);
        if (!where) return std::unexpected(where.error());
        const auto deadline = std::chrono::steady_clock::now() + patience;
        for (;;) {  // ends at the deadline
            const Result<std::uint64_t> ticket = open_lock(*where);
            if (!ticket) return std::unexpected(ticket.error());
            administration held{*ticket};
            const int file = file_of(*ticket);
            if (set_lock(file, F_WRLCK)) {
                const Result<bool> named = still_named(*where, file);
                if (!named) return std::unexpected(named.error());
                if (*named) {
                    write_pid(file);
                    return held;
                }
            } else if (errno != EAGAIN && errno != EACCES) {
                return refuse(Errc::system, "cannot lock \"{}.lock\": {}", segment_path.native(), system_advice(errno));
            }
            if (std::chrono::steady_clock::now() >= deadline)
                return refuse(
                    Errc::busy,
                    "somebody else has administered \"{}\" for more than {} ms (process {}, as it sees itself): "
                    "try again, or look whether that process is stopped",
                    segment_path.native(), patience.count(), read_pid(file));
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
        }
    });
}

Result<administration> administration::lock(const segment& where, std::chrono::milliseconds patience) {
    return contained([&]() -> Result<administration> {
        if (Result<void> fine = must_stand(where); !fine) return std::unexpected(std::move(fine.error()));
        Result<administration> held = lock(where.path(), patience);
        if (!held) return held;
        Result<void> fine = must_stand(where);
        if (fine) return held;
        remove_lock_of_nothing(where.path());
        return std::unexpected(std::move(fine.error()));
    });
}

void administration::share_with(mode_t mode, gid_t group) const noexcept {
    const int file = file_of(ticket_);
    if (file < 0) return;
    static_cast<void>(!::fchown(file, static_cast<uid_t>(-1), group));
    static_cast<void>(!::fchmod(file, mode));
}

administration::administration(administration&& other) noexcept : ticket_{std::exchange(other.ticket_, 0)} {}

administration& administration::operator=(administration&& other) noexcept {
    std::swap(ticket_, other.ticket_);
    return *this;
}

administration::~administration() { give_back(ticket_); }

}  // namespace seki::shm
