#include "shm/process_identity.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "shm/descriptor.hpp"
#include "shm/memory.hpp"
#include "shm/process_token.hpp"

namespace seki::shm {
namespace {

// SipHash-2-4 (Aumasson and Bernstein) of a message of eight bytes.
constexpr std::uint64_t siphash(std::uint64_t key0, std::uint64_t key1, std::uint64_t message) noexcept {
    std::uint64_t a = key0 ^ 0x736f6d6570736575ULL, b = key1 ^ 0x646f72616e646f6dULL;
    std::uint64_t c = key0 ^ 0x6c7967656e657261ULL, d = key1 ^ 0x7465646279746573ULL;
    const auto rounds = [&](int count) {
        for (int i = 0; i < count; ++i) {
            a += b, b = std::rotl(b, 13) ^ a, a = std::rotl(a, 32);
            c += d, d = std::rotl(d, 16) ^ c;
            a += d, d = std::rotl(d, 21) ^ a;
            c += b, b = std::rotl(b, 17) ^ c, c = std::rotl(c, 32);
        }
    };
    for (const std::uint64_t block : {message, std::uint64_t{8} << 56}) {
        d ^= block;
        rounds(2);
        a ^= block;
    }
    c ^= 0xff;
    rounds(4);
    return a ^ b ^ c ^ d;
}
static_assert(siphash(0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL, 0x0706050403020100ULL) == 0x93f5f5799a932462ULL,
              "the test vector of the SipHash paper's reference implementation");

std::uint64_t image_of_this_program() noexcept {
    const auto address = ::getauxval(AT_RANDOM);
    if (address == 0) return 0;
    std::array<std::uint64_t, 2> key{};
    std::memcpy(key.data(), reinterpret_cast<const void*>(address), sizeof key);
    return siphash(key[0], key[1], 0x656c766973736553ULL);
}

struct stat_line {
    char state = '?';
    std::uint64_t threads = 0;
    std::uint64_t start_time = 0;
};

// proc(5): the command in parentheses may hold anything, so the fields are counted from the last one. It comes whole in one read.
std::optional<stat_line> read_stat(const char* path) noexcept {
    const descriptor file{::open(path, O_RDONLY | O_CLOEXEC)};
    std::array<char, 2048> text{};
    if (!file || ::read(file.get(), text.data(), text.size() - 1) <= 0) return std::nullopt;
    const char* field = std::strrchr(text.data(), ')');
    if (field == nullptr || field[1] != ' ') return std::nullopt;
    stat_line line;
    line.state = field[2];
    for (int number = 2; number < 22; ++number) {
        field = std::strchr(field + 1, ' ');
        if (field == nullptr) return std::nullopt;
        if (number + 1 == 20) line.threads = std::strtoull(field, nullptr, 10);
    }
    line.start_time = std::strtoull(field, nullptr, 10);
    return line;
}

// /proc may be that of another pid namespace, where our pid names somebody else.
bool proc_is_ours() noexcept {
    std::array<char, 32> target{};
    if (::readlink("/proc/self", target.data(), target.size() - 1) <= 0) return false;
    return std::strtol(target.data(), nullptr, 10) == ::getpid();
}

// What is found depends on what can be opened just now; `for_now`: it could not, and may be the next time.
struct look {
    process_identity found{};
    bool for_now = false;
};

look look_at_myself() noexcept {
    process_identity me;
    me.pid = static_cast<std::uint64_t>(::getpid());
    me.image = image_of_this_program();
    struct stat facts{};
    if (::stat("/proc/self/ns/pid", &facts) == 0) me.pid_namespace = facts.st_ino;
    errno = 0;
    const auto line = read_stat("/proc/self/stat");
    const bool for_now = !line && (errno == EMFILE || errno == ENFILE || errno == ENOMEM);
    if (line && proc_is_ours()) me.start_time = line->start_time;
    return {me, for_now};
}

// What my_identity() found, valid while `token` is that of the process. Several threads may fill it in at once: they write the same, or, where one of them sees another
// /proc, what may_be() takes for the same.
struct {
    word token, pid, start_time, pid_namespace, image;
} constinit cache;

enum class answer : std::uint8_t { no, yes, unknown };

// Whether /proc/PID/maps has a line with that inode. Lines are `range perms offset device inode path`.
answer maps(const char* path, std::uint64_t inode) noexcept {
    const descriptor file{::open(path, O_RDONLY | O_CLOEXEC)};
    if (!file) return answer::unknown;
    std::array<char, 4096> text;
    int field = 0;
    std::uint64_t number = 0;
    // Some hundred lines, of what may be 65530: a list that is longer tells nothing, or who has one could keep others busy with it.
    for (int reads = 0; reads < 16; ++reads) {
        const ssize_t length = ::read(file.get(), text.data(), text.size());
        if (length < 0) return answer::unknown;
        if (length == 0) return answer::no;
        for (const char* c = text.data(); c != text.data() + length; ++c) {
            if (field == 4 && *c >= '0' && *c <= '9') number = number * 10 + static_cast<std::uint64_t>(*c - '0');
            if (field == 4 && (*c == ' ' || *c == '\n') && number == inode) return answer::yes;
            if (*c == ' ') ++field;
            if (*c == '\n') field = 0, number = 0;
        }
    }
    return answer::unknown;
}

// Whether our own mapping of that file shows. It does for good, or never: so it is looked for once.
bool shows(std::uint64_t inode) noexcept {
    static constinit word shown;
    if (hardware::load_relaxed(shown) == inode) return true;
    if (maps("/proc/self/maps", inode) != answer::yes) return false;
    hardware::store_relaxed(shown, inode);
    return true;
}

// Where /proc hides the processes of other users (hidepid), the kernel still says whether the pid is in use. Asks; signals nothing.
bool pid_in_use(std::uint64_t pid) noexcept {
    const descriptor process{static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0))};
    // No descriptor to be had, an older kernel, or a filter of system calls that does not know it: then it is asked as one could always ask. In doubt, yes.
    if (!process) return errno != ESRCH && (::getpgid(static_cast<pid_t>(pid)) >= 0 || errno != ESRCH);
    pollfd ended{process.get(), POLLIN, 0};
    return ::poll(&ended, 1, 0) == 0;
}

}  // namespace

std::uint64_t process_identity::brief() const noexcept {
    const std::uint64_t mixed = (pid ^ start_time << 24 ^ pid_namespace << 44 ^ image) * 0x9e3779b97f4a7c15ULL;
    return mixed >> 50;
}

process_identity my_identity() noexcept {
    const std::uint64_t token = claim_process_token();
    if (hardware::load_acquire(cache.token) == token)
        return {hardware::load_relaxed(cache.pid), hardware::load_relaxed(cache.start_time),
                hardware::load_relaxed(cache.pid_namespace), hardware::load_relaxed(cache.image)};
    const auto [me, for_now] = look_at_myself();
    if (for_now) return me;
    hardware::store_relaxed(cache.pid, me.pid);
    hardware::store_relaxed(cache.start_time, me.start_time);
    hardware::store_relaxed(cache.pid_namespace, me.pid_namespace);
    hardware::store_relaxed(cache.image, me.image);
    hardware::store_release(cache.token, token);  // pairs with the load above
    return me;
}

bool still_runs(const process_identity& who, std::uint64_t mapped) noexcept {
    std::array<char, 64> path{};
    const auto in_proc = [&](const char* file) {
        std::snprintf(path.data(), path.size(), "/proc/%llu/%s", static_cast<unsigned long long>(who.pid), file);
        return path.data();
    };
    const auto line = proc_is_ours() ? read_stat(in_proc("stat")) : std::nullopt;  // not after a chroot
    if (!line) return pid_in_use(who.pid);
    if (line->start_time != who.start_time) return false;
    const bool first_thread_ended = line->state == 'Z' || line->state == 'X';
    if (first_thread_ended) return line->threads > 1;
    // Only where our own mapping of the file shows do we conclude from another's that does not.
    if (mapped == 0 || !shows(mapped)) return true;
    return maps(in_proc("maps"), mapped) != answer::no;
}

}  // namespace seki::shm
