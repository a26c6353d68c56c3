#include "shm/liveness.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>

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

// The folder of the lock files, without following a link that somebody put in its place.
descriptor open_folder(const segment& where) noexcept try {
    return descriptor{::open(liveness_folder(where.path()).c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
} catch (...) {
    errno = ENOMEM;
    return {};
}

struct ownership {
    mode_t mode = 0660;
    gid_t group = static_cast<gid_t>(-1);
};

// Who may write the segment may take any slot of it, so the files beside it get its group and permissions.
ownership of_the_segment(const segment& where) noexcept {
    struct stat facts{};
    if (::stat(where.path().c_str(), &facts) != 0) return {};
    return {facts.st_mode & 0666, facts.st_gid};
}

descriptor make_folder(const segment& where) noexcept try {
    const std::filesystem::path path = liveness_folder(where.path());
    const ownership as = of_the_segment(where);
    if (::mkdir(path.c_str(), 0700) == 0) {
        const descriptor made = open_folder(where);
        const std::string through = "/proc/self/fd/" + std::to_string(made.get());  // O_PATH takes no fchmod
        static_cast<void>(!::chown(through.c_str(), static_cast<uid_t>(-1), as.group));
        static_cast<void>(!::chmod(through.c_str(), as.mode | (as.mode & 0444) >> 2));
    }
    return open_folder(where);
} catch (...) {
    errno = ENOMEM;
    return {};
}

// Not 0, 1 or 2: who closed those will open others in their place, and lose us the lock when closing them.
descriptor away_from_standard_streams(descriptor file) noexcept {
    if (!file || file.get() > 2) return file;
    return descriptor{::fcntl(file.get(), F_DUPFD_CLOEXEC, 3)};
}

descriptor open_lock_file(const segment& where, std::uint32_t slot) noexcept {
    descriptor folder = open_folder(where);
    if (!folder && errno == ENOENT) folder = make_folder(where);
    if (!folder) return {};
    const lock_name name = name_of(where, slot);
    constexpr int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    // Without O_CREAT first: the kernel refuses it for somebody else's file in a sticky folder (fs.protected_regular).
    int number = ::openat(folder.get(), name.data(), flags);
    if (number < 0 && errno == ENOENT) {
        number = ::openat(folder.get(), name.data(), flags | O_CREAT, 0660);
        const ownership as = of_the_segment(where);
        if (number >= 0) {
            static_cast<void>(!::fchown(number, static_cast<uid_t>(-1), as.group));
            static_cast<void>(!::fchmod(number, as.mode));
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

bool lock_whole(int file) noexcept {
    struct flock lock = whole_file(F_WRLCK);
    return ::fcntl(file, F_SETLK, &lock) == 0;
}

enum class lock_state : std::uint8_t { held, nobody, unknown };

// Never of a slot whose lock this process may hold: closing the file would drop it.
lock_state ask_kernel(const segment& where, std::uint32_t slot) noexcept {
    const descriptor folder = open_folder(where);
    if (!folder) return errno == ENOENT ? lock_state::nobody : lock_state::unknown;
    const descriptor file{
        ::openat(folder.get(), name_of(where, slot).data(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    if (!file) return errno == ENOENT ? lock_state::nobody : lock_state::unknown;
    struct flock lock = whole_file(F_RDLCK);
    if (::fcntl(file.get(), F_GETLK, &lock) != 0) return lock_state::unknown;
    return lock.l_type == F_UNLCK ? lock_state::nobody : lock_state::held;
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

bool membership::descriptor_is_ours() const noexcept {
    struct stat facts{};
    return descriptor_ >= 0 && ::fstat(descriptor_, &facts) == 0 && facts.st_dev == device_ && facts.st_ino == inode_;
}

void membership::close_descriptor() noexcept {
    if (descriptor_is_ours()) ::close(descriptor_);
    descriptor_ = -1;
}

bool membership::open_and_lock(const segment& where) noexcept {
    descriptor file = open_lock_file(where, self_.slot);
    struct stat facts{};
    if (!file || ::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode) || !lock_whole(file.get())) return false;
    descriptor_ = file.release();
    device_ = facts.st_dev;
    inode_ = facts.st_ino;
    return true;
}

// Nobody of this process opens the file while we hold the claim, so closing it when the lock cannot be had drops no other lock of ours.
std::optional<membership> membership::take(const segment& where, std::uint32_t index) {
    process_slot& slot = where.processes()[index];
    const process_identity me = my_identity();
    const process_state found = state_of(slot);
    const process_state claimed{(found.generation + 1) & ~(0xffffULL << 48), me.brief(), stage::claimed};
    if (found.stage != stage::free || !advance(slot, found, claimed)) return std::nullopt;

    membership member;
    member.self_ = {index, claimed.generation};
    describe_myself(slot, me);
    if (!member.open_and_lock(where)) {
        advance(slot, claimed, free_after(claimed));
        return std::nullopt;
    }
    // Fails when somebody thought us dead before we had the lock. Another copy of libseki in this process may have the slot and the
    // lock by now: the descriptor stays open, for closing it would drop that lock.
    if (!advance(slot, claimed, {claimed.generation, claimed.who, stage::live})) return std::nullopt;
    return member;
}

// Opens no lock file: closing one would drop the lock of another thread that has just taken that slot.
Error why_no_slot(const segment& where) {
    const auto say = [&](Errc code, std::string_view what) {
        return Error{code, fmt::format("segment \"{}\": {}", where.path().native(), what)};
    };
    const auto cannot_use = [&](std::string_view what, int number) {
        return say(Errc::no_permission, fmt::format("cannot use {} \"{}\": {}", what,
                                                    liveness_folder(where.path()).native(), system_advice(number)));
    };
    const descriptor folder = open_folder(where);
    if (!folder) return cannot_use("the folder of its lock files,", errno);
    const auto may = [&](const char* name, int how) { return ::faccessat(folder.get(), name, how, AT_EACCESS) == 0; };
    const auto slots = static_cast<std::uint32_t>(where.processes().size());
    for (std::uint32_t i = 0; i < slots; ++i) {
        if (state_of(where.processes()[i]).stage != stage::free) continue;
        const lock_name name = name_of(where, i);
        if (!may(name.data(), R_OK | W_OK) && (errno != ENOENT || !may(".", W_OK | X_OK)))
            return cannot_use("a lock file in", errno);
        return say(Errc::no_space,
                   "another process takes its slot meanwhile, or this one may open no more files: try again");
    }
    return say(
        Errc::no_space,
        fmt::format("no room for another process: {} are attached: make the segment anew with a larger max_workers",
                    slots));
}

Result<membership> membership::join_with(const segment& where, tidy_function tidy, void* context) {
    if (where.how() != segment::access::read_write)
        return refuse(Errc::read_only, "segment \"{}\" is open for reading: open it for writing to join",
                      where.path().native());
    const auto slots = static_cast<std::uint32_t>(where.processes().size());
    for (std::uint32_t i = 0; i < slots; ++i)
        if (auto member = take(where, i)) return *member;
    for (std::uint32_t i = 0; i < slots; ++i) {
        retire_claim(where, i);
        if (const auto owner = owner_of(where, i); owner && is_live(where, *owner) == verdict::dead) {
            tidy(context, *owner);
            retire(where, *owner);
        }
        if (auto member = take(where, i)) return *member;
    }
    return std::unexpected(why_no_slot(where));
}

bool membership::renew(const segment& where) noexcept {
    const auto still_named = [&] { return owner_of(where, self_.slot) == self_; };
    if (!still_named()) return false;
    if (!descriptor_is_ours() || !lock_whole(descriptor_)) {
        close_descriptor();
        static_cast<void>(
            open_and_lock(where));  // if it fails, say for want of descriptors, the next renew() tries again
    }
    return still_named();
}

void membership::leave(const segment& where) noexcept {
    if (self_.generation != 0) {
        process_slot& slot = where.processes()[self_.slot];
        const process_state found = state_of(slot);
        const process_state leaving{found.generation, found.who, stage::claimed};
        const bool withdrawn = owner_of(where, self_.slot) == self_ && advance(slot, found, leaving);
        close_descriptor();
        if (withdrawn) advance(slot, leaving, free_after(leaving));
    }
    *this = membership{};
}

void membership::abandon() noexcept {
    close_descriptor();
    *this = membership{};
}

verdict is_live(const segment& where, process_owner who) noexcept {
    const uncancelled while_it_looks;
    if (owner_of(where, who.slot) != who) return verdict::gone;
    const process_identity owner = described(where.processes()[who.slot]);
    if (owner_of(where, who.slot) != who) return verdict::gone;  // what we read may describe its successor

    const process_identity me = my_identity();
    if (owner == me) return verdict::live;  // we, or another copy of libseki in this process
    if (const lock_state lock = ask_kernel(where, who.slot); lock != lock_state::nobody) return verdict::live;
    const bool visible = owner.traceable() && me.traceable() && owner.pid_namespace == me.pid_namespace;
    if (!visible || owner.same_process(me)) return verdict::dead;  // the latter: this process before an exec
    return still_runs(owner, where.inode()) ? verdict::lost_lock : verdict::dead;
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
    if (ask_kernel(where, index) == lock_state::nobody) advance(slot, found, free_after(found));
}

std::optional<process_owner> owner_of(const segment& where, std::uint32_t slot) noexcept {
    if (slot >= where.processes().size()) return std::nullopt;
    const process_state state = state_of(where.processes()[slot]);
    if (state.stage != stage::live) return std::nullopt;
    return process_owner{slot, state.generation};
}

}  // namespace seki::shm
