#include "daemon/bus_guard.hpp"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "shm/memory.hpp"
#include "shm/refuse.hpp"

namespace seki::daemon {
namespace {

using shm::hardware;

struct guarded {
    layout::word base;  // 0: free; written last when a guard comes, first when it goes
    layout::word size;
    layout::word lost;
};

constinit std::array<guarded, 8> table{};
constinit layout::word descriptor_plus_one;

bool put_zeros(guarded& mapping, std::uintptr_t address) noexcept {
    const std::uint64_t base = hardware::load_acquire(mapping.base);  // pairs with store_release in bus_guard()
    const std::uint64_t size = hardware::load_relaxed(mapping.size);
    if (base == 0 || address < base || address - base >= size) return false;
    const void* const zeros = ::mmap(reinterpret_cast<void*>(base), size, PROT_READ | PROT_WRITE,
                                     MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (zeros == MAP_FAILED) return false;
    hardware::store_release(mapping.lost, 1);  // pairs with lost()
    return true;
}

void handle(int, siginfo_t* info, void*) noexcept {
    const int saved = errno;
    bool ours = false;
    for (guarded& each : table) ours = ours || put_zeros(each, reinterpret_cast<std::uintptr_t>(info->si_addr));
    if (ours) {
        const std::uint64_t one = 1;
        // A full counter is readable too.
        static_cast<void>(!::write(bus_guard::wake_descriptor(), &one, sizeof one));
    } else {
        struct sigaction as_before{};
        as_before.sa_handler = SIG_DFL;
        ::sigaction(SIGBUS, &as_before, nullptr);  // the instruction fails again, and ends us
    }
    errno = saved;
}

}  // namespace

Result<void> bus_guard::install() {
    const int wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake < 0) return shm::refuse(Errc::system, "cannot make an eventfd: {}", shm::system_advice(errno));
    hardware::store_release(descriptor_plus_one, static_cast<std::uint64_t>(wake) + 1);
    struct sigaction action{};
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO;
    if (::sigaction(SIGBUS, &action, nullptr) != 0)
        return shm::refuse(Errc::system, "cannot handle SIGBUS: {}", shm::system_advice(errno));
    return {};
}

int bus_guard::wake_descriptor() noexcept { return static_cast<int>(hardware::load_acquire(descriptor_plus_one)) - 1; }

void bus_guard::acknowledge() noexcept {
    std::uint64_t count = 0;
    static_cast<void>(!::read(wake_descriptor(), &count, sizeof count));
}

bus_guard::bus_guard(std::span<std::byte> mapping) noexcept : place_{table.size()} {
    for (std::size_t i = 0; i < table.size(); ++i) {
        std::uint64_t free = 0;
        const auto base = reinterpret_cast<std::uintptr_t>(mapping.data());
        // The size of a place that is free is 0, so that nothing lies in it before its size is known.
        if (!hardware::cas_acq_rel(table[i].base, free, base)) continue;
        hardware::store_relaxed(table[i].lost, 0);
        hardware::store_release(table[i].size, mapping.size());
        place_ = i;
        return;
    }
}

bus_guard::~bus_guard() {
    if (place_ == table.size()) return;
    hardware::store_release(table[place_].size, 0);
    hardware::store_release(table[place_].base, 0);
}

bool bus_guard::lost() const noexcept {
    return place_ != table.size() && hardware::load_acquire(table[place_].lost) != 0;
}

}  // namespace seki::daemon
