// Whether a name could have been given: of the owner of a permit, a place or a worker slot.
#pragma once

#include <cstdint>

#include "shm/liveness.hpp"
#include "shm/permit_seeker.hpp"

namespace seki::report {

enum class name_standing : std::uint8_t {
    issued,      // its process lives, or is dead: then whoever comes first gives back what it has
    of_no_slot,  // there is no such process slot
    to_come      // its slot has not come to that generation
};

// `owner` was read before, with acquire: its process had its slot by then, and a slot's generation only rises.
[[nodiscard]] inline name_standing look_at_name(const shm::segment& where, std::uint64_t owner) noexcept {
    const shm::process_owner named = shm::holder_named(owner);
    if (named.slot >= where.processes().size()) return name_standing::of_no_slot;
    return named.generation <= shm::state_of(where.processes()[named.slot]).generation ? name_standing::issued
                                                                                       : name_standing::to_come;
}

}  // namespace seki::report
