#include "shm/liveness.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <utility>

#include "shm/asking_time.hpp"
#include "shm/descriptor.hpp"
#include "shm/open_file.hpp"
#include "shm/process_identity.hpp"
#include "shm/refuse.hpp"
#include "shm/uncancelled.hpp"

namespace seki::shm {
namespace {

using layout::process_slot;
using layout::stage;

using lock_name = std::array<char, 48>;

lock_name name_of(const segment& where, std::uint32_t slot) noexcept {
    lock_name name{};
    std::snprintf(name.data(), name.size(), "%llu.%u", static_cast<unsigned long long>(where.generation()), slot);
    return name;
}

// The folder of the lock files: the segment's, or opened for this once.
struct lock_folder {
    int number = -1;
    descriptor own{};
    explicit operator bool() const noexcept { return number >= 0; }
};

// The one that was there when the segment was attached. Where that was removed, or the program closed its descriptor, the one that its path leads to, without
// following a link that somebody put in its place; but not where the path leads to another segment, or to none: in a folder beside that nobody's lock is to be seen.
lock_folder open_folder(const segment& where) noexcept try {
    if (const int kept = where.lock_folder(); kept >= 0) return {.number = kept};
    if (!where.is_at_its_path()) {
        errno = ESTALE;
        return {};
    }
    descriptor found{::open(liveness_folder(where.path()).c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    const int number = found.get();
    return {.number = number, .own = std::move(found)};
} catch (...) {
    errno = ENOMEM;
    return {};
}

// Who may write the segment may take any slot of it, so the folder gets its group and permissions, and the files in the folder those of the folder.
lock_folder make_folder(const segment& where) noexcept try {
    const std::filesystem::path path = liveness_folder(where.path());
    struct stat as{};
    if (::stat(where.path().c_str(), &as) != 0) return {};
    if (::mkdir(path.c_str(), 0700) == 0) {
        const lock_folder made = open_folder(where);
        const std::string through = "/proc/self/fd/" + std::to_string(made.number);  // O_PATH takes no fchmod
        const mode_t mode = as.st_mode & 0666;
        static_cast<void>(!::chown(through.c_str(), static_cast<uid_t>(-1), as.st_gid));
        static_cast<void>(!::chmod(through.c_str(), mode | (mode & 0444) >> 2));
    }
    return open_folder(where);
} catch (...) {
    errno = ENOMEM;
    return {};
}

// Somebody may have removed it. Not that of a segment which is no longer in force: that was taken away with it.
lock_folder open_or_make_folder(const segment& where) noexcept {
    lock_folder folder = open_folder(where);
    if (!folder && errno == ENOENT && !where.superseded()) return make_folder(where);
    return folder;
}

descriptor open_lock_file(int folder, const lock_name& name) noexcept {
    constexpr int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    // Without O_CREAT first: the kernel refuses it for somebody else's file in a sticky folder (fs.protected_regular).
    int number = ::openat(folder, name.data(), flags);
    if (number < 0 && errno == ENOENT) {
        number = ::openat(folder, name.data(), flags | O_CREAT, 0660);
        struct stat as{};
        if (number >= 0 && ::fstat(folder, &as) == 0) {
            static_cast<void>(!::fchown(number, static_cast<uid_t>(-1), as.st_gid));
            static_cast<void>(!::fchmod(number, as.st_mode & 0666));
        }
    }
    return away_from_standard_streams(descriptor{number});
}

struct flock whole_file(short type) noexcept {
    struct flock lock{};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return lock;
}

// 0, or why not.
int lock_whole(int file) noexcept {
    struct flock lock = whole_file(F_WRLCK);
    return ::fcntl(file, F_SETLK, &lock) == 0 ? 0 : errno;
}

// Whether an owner who locks now would lock that file: it may have lost its name, and the folder that is kept its own, while he makes others.
bool is_in_use(const segment& where, std::uint32_t slot, int file) noexcept try {
    struct stat asked{}, named{};
    if (::fstat(file, &asked) != 0 || asked.st_nlink == 0) return false;
    if (!where.is_at_its_path()) return true;
    const std::filesystem::path path = liveness_folder(where.path()) / name_of(where, slot).data();
    return ::lstat(path.c_str(), &named) == 0 && named.st_dev == asked.st_dev && named.st_ino == asked.st_ino;
} catch (...) {  // no memory to look
    return false;
}

// Never of a slot whose lock this process may hold: closing the file would drop it.
lock_state ask_kernel(const segment& where, std::uint32_t slot) noexcept {
    const lock_folder folder = open_folder(where);
    if (!folder) return errno == ENOENT ? lock_state::no_file : lock_state::unknown;
    const descriptor file{
        ::openat(folder.number, name_of(where, slot).data(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    if (!file) return errno == ENOENT ? lock_state::no_file : lock_state::unknown;
    struct flock lock = whole_file(F_RDLCK);
    if (::fcntl(file.get(), F_GETLK, &lock) != 0) return lock_state::unknown;
    if (lock.l_type != F_UNLCK) return lock_state::held;
    return is_in_use(where, slot, file.get()) ? lock_state::nobody : lock_state::no_file;
}

// Of the calling process, now.
process_description describe_myself(const process_identity& me) noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    std::array<char, 16> command{};
    const descriptor file{::open("/proc/self/comm", O_RDONLY | O_CLOEXEC)};
    const ssize_t length = file ? ::read(file.get(), command.data(), command.size() - 1) : 0;
    if (length > 0 && command[static_cast<std::size_t>(length) - 1] == '\n')
        command[static_cast<std::size_t>(length) - 1] = 0;
    process_description found{.who = me,
                              .attached_ns = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
                                             static_cast<std::uint64_t>(now.tv_nsec)};
    std::memcpy(found.command.data(), command.data(), sizeof found.command);
    return found;
}

// What shm/process_list.hpp asks of the kernel about a slot.
struct kernel_asker {
    const segment& where;
    std::uint32_t slot;
    scrutiny how = scrutiny::full;
    [[nodiscard]] lock_state lock() const noexcept { return ask_kernel(where, slot); }
    [[nodiscard]] bool has_it_open() const noexcept { return has_open(name_of(where, slot).data()); }
    [[nodiscard]] bool runs(const process_identity& who) const noexcept {
        return still_runs(who, how == scrutiny::full ? where.inode() : 0);
    }
};

}  // namespace

int membership::open_and_lock(const segment& where, int folder) noexcept {
    return lock(open_lock_file(folder, name_of(where, self_.slot)));
}

int membership::lock(descriptor file) noexcept {
    if (!file) return errno;
    struct stat facts{};
    if (::fstat(file.get(), &facts) != 0) return errno;
    if (!S_ISREG(facts.st_mode)) return EINVAL;
    if (const int why = lock_whole(file.get()); why != 0) return why;
    lock_ = {std::move(file), facts};
    return 0;
}

// Of a live slot, whose file somebody removed. Who finds a file that nobody locks takes the owner for dead, so it gets its name when it is locked.
int membership::make_and_lock(const segment& where, int folder) noexcept {
    const lock_name name = name_of(where, self_.slot);
    lock_name unfinished = name;
    std::strcat(unfinished.data(), ".new");
    if (const int why = lock(open_lock_file(folder, unfinished)); why != 0) return why;
    if (::renameat2(folder, unfinished.data(), folder, name.data(), RENAME_NOREPLACE) == 0) return 0;
    const int why = errno;
    ::unlinkat(folder, unfinished.data(), 0);
    lock_.close();
    return why;
}

struct membership::joiner {
    membership& member;
    const segment& where;
    int folder;
    int& failed;
    process_identity me = my_identity();
    [[nodiscard]] std::uint64_t brief() const noexcept { return me.brief(); }
    [[nodiscard]] process_description description() const noexcept { return describe_myself(me); }
    [[nodiscard]] bool take_lock() const noexcept {
        const bool is_open = member.lock_.number() >= 0;
        const int why = is_open ? lock_whole(member.lock_.number()) : member.open_and_lock(where, folder);
        if (why != 0 && why != EAGAIN) failed = why;
        if (why != 0) member.lock_.close();
        return why == 0;
    }
    void drop_lock() const noexcept { member.lock_.close(); }
};

std::optional<membership> membership::take(const segment& where, int folder, std::uint32_t index, int& failed) {
    membership member;
    member.self_.slot = index;
    const auto generation = process_words{where.processes()[index]}.enter(joiner{member, where, folder, failed});
    if (!generation) return std::nullopt;
    member.self_.generation = *generation;
    return member;
}

namespace {

Error cannot_use(const segment& where, std::string_view what, int why) {
    return {Errc::no_permission, fmt::format("segment \"{}\": cannot use {} \"{}\": {}", where.path().native(), what,
                                             liveness_folder(where.path()).native(), system_advice(why))};
}

}  // namespace

// Opens no lock file: closing one would drop the lock of another thread that has just taken that slot.
Error why_no_slot(const segment& where) {
    const auto no_space = [&](std::string_view why) {
        return Error{Errc::no_space, fmt::format("segment \"{}\": {}", where.path().native(), why)};
    };
    const lock_folder folder = open_folder(where);
    if (!folder) return cannot_use(where, "the folder of its lock files,", errno);
    const auto may = [&](const char* name, int how) { return ::faccessat(folder.number, name, how, AT_EACCESS) == 0; };
    const auto slots = static_cast<std::uint32_t>(where.processes().size());
    for (std::uint32_t i = 0; i < slots; ++i) {
        if (state_of(where.processes()[i]).stage != stage::free) continue;
        const lock_name name = name_of(where, i);
        if (!may(name.data(), R_OK | W_OK) && (errno != ENOENT || !may(".", W_OK | X_OK)))
            return cannot_use(where, "a lock file in", errno);
        return no_space("another process takes its slot meanwhile, or this one may open no more files: try again");
    }
    return no_space(
        fmt::format("no room for another process: {} slots are taken. Try again: those of the dead come back soon. Or "
                    "make the segment anew with a larger max_workers",
                    slots));
}

Result<membership> membership::join_with(const segment& where, tidy_function tidy, void* context) {
    if (where.how() != segment::access::read_write)
        return refuse(Errc::read_only, "segment \"{}\" is open for reading: open it for writing to join",
                      where.path().native());
    const lock_folder folder = open_or_make_folder(where);
    if (!folder) return std::unexpected(cannot_use(where, "the folder of its lock files,", errno));
    const auto slots = static_cast<std::uint32_t>(where.processes().size());
    int failed = 0;
    asking_time asking, closely;
    const auto tidy_if_dead = [&](std::uint32_t i, scrutiny how) {
        const auto owner = owner_of(where, i);
        if (!owner || is_live(where, *owner, how) != verdict::dead) return;
        tidy(context, *owner);
        retire(where, *owner);
    };
    // Whoever asks from outside sees that number and start time of its former self stand, and the segment mapped, and would let it keep what it held.
    const auto bury_former_self = [&, me = my_identity()] {
        for (std::uint32_t i = 0; i < slots; ++i)
            if (process_words{where.processes()[i]}.may_be_former(me) && !asking.over(asking_to_join_ns))
                tidy_if_dead(i, scrutiny::brief);
    };
    const auto take_free = [&](std::uint32_t i) -> std::optional<membership> {
        if (state_of(where.processes()[i]).stage != stage::free || asking.over(asking_to_join_ns)) return std::nullopt;
        return take(where, folder.number, i, failed);
    };
    for (std::uint32_t i = 0; i < slots; ++i)
        if (auto member = take_free(i)) {
            bury_former_self();
            return *member;
        }
    // Who can have no lock file of its own does not tidy by the lock files of others.
    if (failed != 0) return std::unexpected(cannot_use(where, "a lock file in", failed));
    // From anywhere on, so that who does not come round in the time that there is does not ask about the same ones each time.
    const auto from = static_cast<std::uint32_t>(asking_time::now_ns() / 1024 % std::max(slots, 1U));
    for (std::uint32_t looked = 0; looked < slots && !asking.over(asking_to_join_ns); ++looked) {
        const std::uint32_t i = (from + looked) % slots;
        const scrutiny how = closely.over(asking_to_join_ns / 4) ? scrutiny::brief : scrutiny::full;
        retire_claim(where, i);
        tidy_if_dead(i, how);
        if (auto member = take_free(i)) {
            bury_former_self();
            return *member;
        }
    }
    return std::unexpected(why_no_slot(where));
}

bool membership::renew(const segment& where) noexcept {
    const auto still_named = [&] { return owner_of(where, self_.slot) == self_; };
    if (!still_named()) return false;
    if (where.superseded()) return true;  // its lock files may be gone, and nobody looks at them
    if (!lock_.has_a_name() || lock_whole(lock_.number()) != 0) {
        lock_.close();
        // If it fails, say for want of descriptors, the next renew() tries again.
        if (const lock_folder folder = open_or_make_folder(where)) {
            const lock_name name = name_of(where, self_.slot);
            if (::faccessat(folder.number, name.data(), F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                open_and_lock(where, folder.number);
            else
                make_and_lock(where, folder.number);
        }
    }
    return still_named();
}

void membership::leave(const segment& where) noexcept {
    if (where.emptied())
        lock_.close();
    else if (self_.generation != 0)
        process_words{where.processes()[self_.slot]}.leave(self_.generation, [this] { lock_.close(); });
    *this = membership{};
}

void membership::abandon() noexcept {
    lock_.close();
    *this = membership{};
}

verdict is_live(const segment& where, process_owner who, scrutiny how) noexcept {
    const uncancelled while_it_looks;
    if (who.slot >= where.processes().size()) return verdict::gone;
    return process_words{where.processes()[who.slot]}.judge(who.generation, my_identity(),
                                                            kernel_asker{where, who.slot, how});
}

bool seems_gone(const segment& where, process_owner who) noexcept {
    if (owner_of(where, who.slot) != who) return true;
    const process_slot& slot = where.processes()[who.slot];
    const std::uint64_t pid = hardware::load_acquire(slot.pid);
    const bool ours = hardware::load_acquire(slot.pid_namespace) == my_identity().pid_namespace;
    if (!ours || pid == 0 || pid > std::numeric_limits<pid_t>::max()) return false;
    return ::getpgid(static_cast<pid_t>(pid)) < 0 && errno == ESRCH;
}

bool retire(const segment& where, process_owner dead) noexcept {
    if (dead.slot >= where.processes().size() || !process_words{where.processes()[dead.slot]}.take_off(dead.generation))
        return false;
    hardware::fetch_add_relaxed(where.header().workers_reaped, 1);
    return true;
}

void retire_claim(const segment& where, std::uint32_t index) noexcept {
    process_words{where.processes()[index]}.free_claim(my_identity().brief(), kernel_asker{where, index});
}

std::optional<process_owner> owner_of(const segment& where, std::uint32_t slot) noexcept {
    if (slot >= where.processes().size()) return std::nullopt;
    const auto generation = process_words{where.processes()[slot]}.live_generation();
    return generation ? std::optional{process_owner{slot, *generation}} : std::nullopt;
}

}  // namespace seki::shm
