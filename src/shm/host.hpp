// What the kernel says of the host: which boot this is, which clock we are shown, and random bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <seki/error.hpp>

namespace seki::shm {

struct host {
    std::array<std::uint8_t, 16> boot_id{};
    std::int64_t monotonic_offset_ns = 0;  // what our time namespace adds to CLOCK_MONOTONIC; 0 outside of one
    friend bool operator==(const host&, const host&) = default;
};

// Reads /proc anew each time: a process that was checkpointed may wake on another host.
[[nodiscard]] Result<host> this_host();

// Whether our monotonic clock is known to be set off by something else than that. Where /proc does not tell, as after a chroot, it is not.
[[nodiscard]] bool has_other_clock(std::int64_t monotonic_offset_ns) noexcept;

// From the kernel's generator. Waits for it only in the first seconds of a boot.
[[nodiscard]] Result<void> fill_random(std::span<std::uint8_t> bytes);

}  // namespace seki::shm
