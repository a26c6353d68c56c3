#include "shm/process_token.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "shm/uncancelled.hpp"

namespace seki::shm {

namespace token_page {
constinit word address;
}

namespace {

constexpr std::size_t page_size = 4096;  // mmap rounds up
constexpr std::uint64_t token_bits = ~std::uint64_t{3};

constinit word static_page;  // for when there is no memory for a page

void wipe_in_child() noexcept {
    const auto page = static_cast<std::uintptr_t>(hardware::load_relaxed(token_page::address));
    if (page != 0) hardware::store_relaxed(*reinterpret_cast<word*>(page), 0);
}

// A page that is zero in every new process.
word* make_page() noexcept {
    void* page = ::mmap(nullptr, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const bool mapped = page != MAP_FAILED;
    if (!mapped || ::madvise(page, page_size, MADV_WIPEONFORK) != 0) ::pthread_atfork(nullptr, nullptr, wipe_in_child);
    return mapped ? static_cast<word*>(page) : &static_page;
}

word& page() noexcept {
    std::uint64_t found = hardware::load_acquire(token_page::address);
    if (found == 0) {
        word* made = make_page();
        if (hardware::cas_acq_rel(token_page::address, found, reinterpret_cast<std::uintptr_t>(made))) return *made;
        if (made != &static_page) ::munmap(made, page_size);
    }
    return *reinterpret_cast<word*>(static_cast<std::uintptr_t>(found));
}

std::uint64_t draw() noexcept {
    const uncancelled while_it_draws;
    std::uint64_t token = 0;
    if (::getrandom(&token, sizeof token, GRND_NONBLOCK) != sizeof token) {  // early in a boot, or not allowed here
        timespec now{};
        ::clock_gettime(CLOCK_MONOTONIC, &now);
        token = static_cast<std::uint64_t>(::getpid()) << 40 ^ static_cast<std::uint64_t>(now.tv_sec) << 30 ^
                static_cast<std::uint64_t>(now.tv_nsec);
    }
    token &= token_bits;
    return token != 0 ? token : 4;
}

}  // namespace

std::uint64_t claim_process_token() noexcept {
    word& token = page();
    std::uint64_t found = hardware::load_acquire(token);
    if (found != 0) return found;
    const std::uint64_t drawn = draw();
    return hardware::cas_acq_rel(token, found, drawn) ? drawn : found;
}

}  // namespace seki::shm
