// A number that is different in every process, fork or not, without a system call to read it: it stands on a page that the kernel
// wipes in the child (MADV_WIPEONFORK, so raw clone() is seen too); where the kernel does not know that, pthread_atfork wipes it.
//
// The page's address goes from 0 to the page once, the token on it from 0 to a random number once in each process; both by CAS.
#pragma once

#include <cstdint>

#include "shm/memory.hpp"

namespace seki::shm {

namespace token_page {
extern constinit word address;  // 0 until the first claim in this process or a forebear
}

// 0 in a fresh child until claim_process_token() ran there. Two loads. A thread that once saw a token sees the page from then on, so
// relaxed loads suffice for comparing with it.
[[nodiscard]] inline std::uint64_t process_token() noexcept {
    const auto page = static_cast<std::uintptr_t>(hardware::load_relaxed(token_page::address));
    if (page == 0) [[unlikely]]
        return 0;
    return hardware::load_relaxed(*reinterpret_cast<const word*>(page));
}

// The token of this process; draws it if there is none yet. Safe from any number of threads. A multiple of 4, so that two bits beside it
// can say something about this process.
std::uint64_t claim_process_token() noexcept;

// Never 0: for who keeps it to tell later whether it is still in the same process. A fresh child is not that of its parent, nor of its own child.
[[nodiscard]] inline std::uint64_t own_process_token() noexcept {
    const std::uint64_t token = process_token();
    return token != 0 ? token : claim_process_token();
}

}  // namespace seki::shm
