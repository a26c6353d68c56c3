// Which shapes a primitive can have that some options gave.
#pragma once

#include "shm/directory.hpp"
#include "shm/segment.hpp"

namespace seki::report {

// Whether some options give that shape, and a piece of the arena in the size that it has. Of a deleted one, too: otherwise nobody would find it for his own.
[[nodiscard]] bool is_given_by_options(const shm::segment& where, const shm::placement& at);

}  // namespace seki::report
