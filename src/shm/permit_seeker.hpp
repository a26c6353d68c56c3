// Who wants a permit, in production: the coarse clock, and the kernel's word on who lives.
#pragma once

#include <time.h>

#include <cstdint>

#include "layout/worker.hpp"
#include "shm/asking_time.hpp"
#include "shm/liveness.hpp"

namespace seki::shm {

// The process that a permit names.
[[nodiscard]] constexpr process_owner holder_named(std::uint64_t owner) noexcept {
    return {static_cast<std::uint32_t>(layout::owner_process(owner)), layout::owner_generation(owner)};
}

// Whether it lives. Names that cannot be one, as scribbled ones, are dead.
[[nodiscard]] inline bool holder_lives(const segment& where, std::uint64_t owner) noexcept {
    const verdict found = is_live(where, holder_named(owner));
    return found == verdict::live || found == verdict::lost_lock;
}

// Whether the segment lists it: for who has just taken the dead off the list (shm/workers.hpp, reap). No system call.
[[nodiscard]] inline bool holder_is_listed(const segment& where, std::uint64_t owner) noexcept {
    const process_owner holder = holder_named(owner);
    return owner_of(where, holder.slot) == holder;
}

// A permit_seeker that counts what it gave back for the dead.
class process_seeker {
public:
    explicit process_seeker(const segment& where) noexcept : where_{&where} {}

    [[nodiscard]] static std::uint64_t now() noexcept {
        timespec time{};
        ::clock_gettime(CLOCK_MONOTONIC_COARSE,
                        &time);  // a tick is shorter than what hints are believed for, or about as long
        return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
    }
    [[nodiscard]] bool alive(std::uint64_t owner) const noexcept { return holder_lives(*where_, owner); }
    [[nodiscard]] bool tired() noexcept {
        return asking_.over(is_tended(*where_, now()) ? asking_briefly_ns : asking_ns);
    }
    void reclaimed(std::uint64_t /*owner*/) noexcept { ++reclaimed_; }
    void rest() noexcept { asking_ = {}; }

    [[nodiscard]] std::uint64_t reclaimed() const noexcept { return reclaimed_; }

private:
    const segment* where_;
    std::uint64_t reclaimed_ = 0;
    asking_time asking_;
};

}  // namespace seki::shm
