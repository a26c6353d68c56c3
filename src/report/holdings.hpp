// What processes have in primitives: permits of bulkheads, and probes of breakers (report/snapshot.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "layout/directory.hpp"
#include "shm/segment.hpp"

namespace seki::report {

// What a process has in one primitive.
struct holding {
    layout::kind kind = layout::kind::none;
    std::string name;
    std::uint64_t permits = 0;
    std::uint64_t waiting = 0;  // for a permit
    std::uint64_t probes = 0;   // under way
};

// By layout::pack_worker_owner.
using holdings = std::unordered_map<std::uint64_t, std::vector<holding>>;

enum class whose : std::uint8_t {
    listed,  // of processes that the segment lists: as many as it has slots at most, whatever was scribbled
    all      // of every name that stands there, as of processes that there are no more
};
// In the order of the directory.
[[nodiscard]] holdings find_holdings(const shm::segment& where, whose which = whose::listed);

}  // namespace seki::report
