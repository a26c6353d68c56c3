// Who a process is, so that another process of the same host, or another copy of libseki in the same process, can tell whether it is that one.
//
// pid and start time name a process within a pid namespace. Neither changes with exec, so `image` does: a keyed hash (SipHash-2-4) of a constant
// under the 16 random bytes that the kernel gives each program it starts (AT_RANDOM; the hash, because they seed stack canaries and
// peers may read it). All copies of libseki in one process see the same four; but one may not see start time or namespace where another did: it had no descriptor left
// to look, or its program has changed its root since. pid and image need no /proc. And those bytes are the program's to write over, as the runtime of Go does when it starts: copies that
// look before and after that see two images. So another image alone is no proof of an exec.
#pragma once

#include <array>
#include <cstdint>

namespace seki::shm {

struct process_identity {
    std::uint64_t pid = 0;
    std::uint64_t start_time = 0;     // clock ticks since boot; 0: no /proc of our pid namespace
    std::uint64_t pid_namespace = 0;  // 0: no /proc
    std::uint64_t image = 0;
    friend bool operator==(const process_identity&, const process_identity&) = default;

    // The same process, if maybe an earlier program of it. Only sure when `traceable`.
    [[nodiscard]] bool same_process(const process_identity& other) const noexcept {
        return pid == other.pid && start_time == other.start_time && pid_namespace == other.pid_namespace;
    }
    // Likewise, for all that both could see of themselves.
    [[nodiscard]] bool may_be_process(const process_identity& other) const noexcept {
        const auto agree = [](std::uint64_t a, std::uint64_t b) { return a == b || a == 0 || b == 0; };
        return pid == other.pid && agree(start_time, other.start_time) && agree(pid_namespace, other.pid_namespace);
    }
    // And the same program. Who ended and left its number to another child of its program may pass for that one, if either did not see when it began: then others find out.
    [[nodiscard]] bool may_be(const process_identity& other) const noexcept {
        return *this == other || (image != 0 && image == other.image && may_be_process(other));
    }
    [[nodiscard]] bool traceable() const noexcept { return start_time != 0 && pid_namespace != 0; }

    // 14 bits that all copies of libseki in this process agree on, as long as they see the same four. Others may have the same.
    [[nodiscard]] std::uint64_t brief() const noexcept;
};

// What an owner of a process slot says of itself there.
struct process_description {
    process_identity who{};
    std::uint64_t attached_ns = 0;
    std::array<std::uint64_t, 2> command{};
};

// Of the calling process. System calls the first time in each process, and again where there was no descriptor or no memory to look with.
[[nodiscard]] process_identity my_identity() noexcept;

// Whether that process, of our own pid namespace, still runs, and still (as far as /proc/PID/maps tells us) a program that maps the file of inode
// `mapped`; 0: whatever it maps. In doubt, yes. A zombie does not run.
[[nodiscard]] bool still_runs(const process_identity& who, std::uint64_t mapped) noexcept;

}  // namespace seki::shm
