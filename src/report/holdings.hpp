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

// By layout::pack_worker_owner. Names may be of processes that there are no more.
using holdings = std::unordered_map<std::uint64_t, std::vector<holding>>;

// In the order of the directory.
[[nodiscard]] holdings find_holdings(const shm::segment& where);

}  // namespace seki::report
