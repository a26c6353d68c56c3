// A number that is different in every process, fork or not, without a system call to read it: it stands on a page that the kernel
// wipes in the child (MADV_WIPEONFORK, so raw clone() is seen too); where the kernel does not know that, pthread_atfork wipes it.
#pragma once

#include <cstdint>

namespace seki::shm {

// 0 in a fresh child until claim_process_token() ran there. One load.
[[nodiscard]] std::uint64_t process_token() noexcept;

// The token of this process; draws it if there is none yet. Safe from any number of threads.
std::uint64_t claim_process_token() noexcept;

}  // namespace seki::shm
