// Everything that libseki, sekid and sekictl read from a segment, and everything a worker does to one, in one call: what no content may crash or hang.
#pragma once

#include <memory>

#include "shm/segment.hpp"

namespace seki::hostile {

// Looks at every part, as sekid and sekictl do. Only reads.
void walk(const shm::segment& where);

// Joins, uses every limiter that can be found, reaps, and mends.
void use(const std::shared_ptr<shm::segment>& where);

}  // namespace seki::hostile
