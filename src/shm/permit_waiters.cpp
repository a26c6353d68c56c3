#include "shm/permit_waiters.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <bit>

namespace seki::shm {
namespace {

static_assert(std::endian::native == std::endian::little, "the kernel compares the low half, which must come first");

// Without FUTEX_PRIVATE_FLAG: the word is shared between processes.
long call(word& bell, int operation, std::uint32_t value, const timespec* until) noexcept {
    return ::syscall(SYS_futex, &word_access::value(bell), operation, value, until, nullptr, FUTEX_BITSET_MATCH_ANY);
}

}  // namespace

std::uint64_t futex::now() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

void futex::sleep(word& bell, std::uint32_t rings, std::uint64_t until_ns) noexcept {
    const timespec until{.tv_sec = static_cast<time_t>(until_ns / 1'000'000'000),
                         .tv_nsec = static_cast<long>(until_ns % 1'000'000'000)};
    call(bell, FUTEX_WAIT_BITSET, rings, &until);  // why it returned does not matter: the caller looks again
}

unsigned futex::wake(word& bell, unsigned how_many) noexcept {
    const long woken = call(bell, FUTEX_WAKE, how_many, nullptr);
    return woken > 0 ? static_cast<unsigned>(woken) : 0;
}

}  // namespace seki::shm
