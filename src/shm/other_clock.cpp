#include "shm/other_clock.hpp"

#include <sys/mman.h>

#include <cstring>

#include "shm/host.hpp"

namespace seki::shm {

bool leave_with_other_clock(const segment& where, std::int64_t offset_ns) noexcept {
    if (!has_other_clock(offset_ns)) return false;
    const std::size_t size = where.parts().size;
    constexpr int may = PROT_READ | PROT_WRITE, how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void* const own = ::mmap(nullptr, size, may, how, -1, 0);
    if (own == MAP_FAILED) return false;
    std::memcpy(own, &where.header(), sizeof(layout::header));
    hardware::store_relaxed(static_cast<layout::header*>(own)->id.superseded, layout::emptied);
    // In one step for all threads.
    if (::mremap(own, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, &where.header()) != MAP_FAILED) return true;
    ::munmap(own, size);
    return false;
}

}  // namespace seki::shm
