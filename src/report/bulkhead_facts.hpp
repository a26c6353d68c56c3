// What a bulkhead looks like from outside, in plain values (report/snapshot.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include <seki/bulkhead.hpp>

#include "shm/directory.hpp"
#include "shm/histogram.hpp"
#include "shm/segment.hpp"

namespace seki::report {

struct bulkhead_facts {
    shm::placement place;
    BulkheadOptions options;    // in force
    BulkheadOptions made_with;  // at its creation
    std::chrono::sys_time<std::chrono::nanoseconds> created;
    BulkheadStatus status;
    shm::durations waits;  // of those who had to wait, whether or not they got a permit
};

[[nodiscard]] bulkhead_facts look_at_bulkhead(const shm::segment& where, const shm::placement& at);

// What a process has in a primitive.
struct holding {
    layout::kind kind = layout::kind::none;
    std::string name;
    std::uint64_t permits = 0;
    std::uint64_t waiting = 0;  // for one
};
// By layout::pack_worker_owner. Names may be of processes that there are no more.
using holdings = std::unordered_map<std::uint64_t, std::vector<holding>>;

void add_holdings(const shm::segment& where, const shm::placement& bulkhead, holdings& into);

}  // namespace seki::report
