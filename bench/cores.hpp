// Where processes that are timed together are to run: each on a core of its own. Two on one core share all that it has, and take half as long again.
#pragma once

#include <sched.h>

#include <fstream>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

// The C library's macros for sets of processors cast as C does.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"

namespace seki::bench {

// One logical processor of each core that this process may run on.
inline std::vector<std::size_t> one_of_each_core() {
    cpu_set_t allowed;
    std::vector<std::size_t> found;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return found;
    std::set<std::pair<int, int>> seen;
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!CPU_ISSET(cpu, &allowed)) continue;
        int package = 0, core = static_cast<int>(cpu);
        std::ifstream{fmt::format("/sys/devices/system/cpu/cpu{}/topology/physical_package_id", cpu)} >> package;
        std::ifstream{fmt::format("/sys/devices/system/cpu/cpu{}/topology/core_id", cpu)} >> core;
        if (seen.emplace(package, core).second) found.push_back(cpu);
    }
    return found;
}

inline void stay_on(std::size_t cpu) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof(one), &one);
}

}  // namespace seki::bench

#pragma GCC diagnostic pop
