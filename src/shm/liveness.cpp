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
#include "shm/process_identity.hpp"
#include "shm/refuse.hpp"
#include "shm/uncancelled.hpp"

namespace seki::shm {
namespace {

using layout::process_slot;
using layout::process_state;
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

// How often one slot is claimed in a row; each time somebody must have freed it meanwhile.
constexpr int max_claims = 4;

enum class lock_state : std::uint8_t { held, nobody, no_file, unknown };

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

process_identity described(const process_slot& slot) noexcept {
    return {hardware::load_acquire(slot.pid), hardware::load_acquire(slot.start_time),
            hardware::load_acquire(slot.pid_namespace), hardware::load_acquire(slot.image)};
}

// store_release throughout: who reads one of these words and then the owner again (is_live) must not find the owner as before.
void describe_myself(process_slot& slot, const process_identity& me) noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    std::array<char, 16> command{};
    const descriptor file{::open("/proc/self/comm", O_RDONLY | O_CLOEXEC)};
    const ssize_t length = file ? ::read(file.get(), command.data(), command.size() - 1) : 0;
    if (length > 0 && command[static_cast<std::size_t>(length) - 1] == '\n')
        command[static_cast<std::size_t>(length) - 1] = 0;
    std::array<std::uint64_t, 2> halves{};
    std::memcpy(halves.data(), command.data(), sizeof halves);

    hardware::store_release(slot.pid, me.pid);
    hardware::store_release(slot.start_time, me.start_time);
    hardware::store_release(slot.pid_namespace, me.pid_namespace);
    hardware::store_release(slot.image, me.image);
    hardware::store_release(slot.attached_ns, static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
                                                  static_cast<std::uint64_t>(now.tv_nsec));
    hardware::store_release(slot.command[0], halves[0]);
    hardware::store_release(slot.command[1], halves[1]);
}

process_state free_after(process_state state) noexcept { return {state.generation, 0, stage::free}; }

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

// Nobody of this process opens the file while we hold the claim, so closing it when the lock cannot be had drops no other lock of ours.
std::optional<membership> membership::take(const segment& where, int folder, std::uint32_t index, int& failed) {
    process_slot& slot = where.processes()[index];
    const process_identity me = my_identity();
    membership member;
    // Again when somebody took our claim for a dead one's, before we had the lock: with it nobody else comes further than a claim.
    for (int round = 0; round < max_claims; ++round) {
        const process_state found = state_of(slot);
        const process_state claimed{(found.generation + 1) & ~(0xffffULL << 48), me.brief(), stage::claimed};
        if (found.stage != stage::free || !advance(slot, found, claimed)) break;
        member.self_ = {index, claimed.generation};
        if (member.lock_.number() < 0) {
            if (const int why = member.open_and_lock(where, folder); why != 0) {
                if (why != EAGAIN) failed = why;
                advance(slot, claimed, free_after(claimed));
                return std::nullopt;
            }
        }
        if (state_of(slot) != claimed) continue;  // whoever came after us may be described there
        describe_myself(slot, me);
        if (advance(slot, claimed, {claimed.generation, claimed.who, stage::live})) return member;
    }
    // Another copy of libseki in this process may have the slot, and with it the lock: then closing the file would drop that.
    if (state_of(slot).who != me.brief()) member.lock_.close();
    return std::nullopt;
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
    const auto take_free = [&](std::uint32_t i) -> std::optional<membership> {
        if (state_of(where.processes()[i]).stage != stage::free || asking.over(asking_to_join_ns)) return std::nullopt;
        return take(where, folder.number, i, failed);
    };
    for (std::uint32_t i = 0; i < slots; ++i)
        if (auto member = take_free(i)) return *member;
    // Who can have no lock file of its own does not tidy by the lock files of others.
    if (failed != 0) return std::unexpected(cannot_use(where, "a lock file in", failed));
    // From anywhere on, so that who does not come round in the time that there is does not ask about the same ones each time.
    const auto from = static_cast<std::uint32_t>(asking_time::now_ns() / 1024 % std::max(slots, 1U));
    for (std::uint32_t looked = 0; looked < slots && !asking.over(asking_to_join_ns); ++looked) {
        const std::uint32_t i = (from + looked) % slots;
        const scrutiny how = closely.over(asking_to_join_ns / 4) ? scrutiny::brief : scrutiny::full;
        retire_claim(where, i);
        if (const auto owner = owner_of(where, i); owner && is_live(where, *owner, how) == verdict::dead) {
            tidy(context, *owner);
            retire(where, *owner);
        }
        if (auto member = take_free(i)) return *member;
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
    if (self_.generation != 0) {
        process_slot& slot = where.processes()[self_.slot];
        const process_state found = state_of(slot);
        const process_state leaving{found.generation, found.who, stage::claimed};
        const bool withdrawn = owner_of(where, self_.slot) == self_ && advance(slot, found, leaving);
        lock_.close();
        if (withdrawn) advance(slot, leaving, free_after(leaving));
    }
    *this = membership{};
}

void membership::abandon() noexcept {
    lock_.close();
    *this = membership{};
}

verdict is_live(const segment& where, process_owner who, scrutiny how) noexcept {
    const uncancelled while_it_looks;
    if (owner_of(where, who.slot) != who) return verdict::gone;
    const process_slot& slot = where.processes()[who.slot];
    const process_identity owner = described(slot), me = my_identity();
    const process_state named = state_of(slot);  // after those words: they may describe a successor
    if (named.stage != stage::live || named.generation != who.generation) return verdict::gone;

    if (owner == me) return verdict::live;  // we, or another copy of libseki in this process
    // Somebody scribbled there. Who may be the owner does not ask: closing the file would drop its own lock.
    const bool describes_the_owner = owner.brief() == named.who;
    if (!describes_the_owner && named.who == me.brief()) return verdict::live;
    const lock_state lock = ask_kernel(where, who.slot);
    if (lock == lock_state::held) return verdict::live;
    const bool visible =
        describes_the_owner && owner.traceable() && me.traceable() && owner.pid_namespace == me.pid_namespace;
    // The former: this process before an exec.
    if (visible && (owner.same_process(me) || !still_runs(owner, how == scrutiny::full ? where.inode() : 0)))
        return verdict::dead;
    if (lock == lock_state::unknown) return verdict::live;
    return visible || lock == lock_state::no_file ? verdict::lost_lock : verdict::dead;
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
    if (owner_of(where, dead.slot) != dead) return false;
    process_slot& slot = where.processes()[dead.slot];
    const process_state found = state_of(slot);
    if (found.stage != stage::live || found.generation != dead.generation || !advance(slot, found, free_after(found)))
        return false;
    hardware::fetch_add_relaxed(where.header().workers_reaped, 1);
    return true;
}

void retire_claim(const segment& where, std::uint32_t index) noexcept {
    process_slot& slot = where.processes()[index];
    const process_state found = state_of(slot);
    if (found.stage != stage::claimed || found.who == my_identity().brief()) return;
    // Without a file it died before it made one, or has yet to make it and finds another slot. Nothing is held under a claim.
    const lock_state lock = ask_kernel(where, index);
    if (lock == lock_state::nobody || lock == lock_state::no_file) advance(slot, found, free_after(found));
}

std::optional<process_owner> owner_of(const segment& where, std::uint32_t slot) noexcept {
    if (slot >= where.processes().size()) return std::nullopt;
    const process_state state = state_of(where.processes()[slot]);
    if (state.stage != stage::live) return std::nullopt;
    return process_owner{slot, state.generation};
}

}  // namespace seki::shm
