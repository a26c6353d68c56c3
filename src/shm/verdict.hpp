// What is found out about a process of the list.
#pragma once

#include <cstdint>

namespace seki::shm {

enum class verdict : std::uint8_t {
    live,
    dead,
    lost_lock,  // it closed its descriptors, but its pid and start time still stand; or somebody removed its lock file. Not reaped, reported
    gone        // the slot has another owner by now, or none
};

// What the kernel says of the lock on a slot's file.
enum class lock_state : std::uint8_t { held, nobody, no_file, unknown };

}  // namespace seki::shm
