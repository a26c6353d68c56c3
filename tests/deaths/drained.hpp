// The telemetry events that wait in a segment, as sekid takes them.
#pragma once

#include <cstddef>
#include <vector>

#include "report/event.hpp"
#include "shm/event_ring.hpp"
#include "shm/segment.hpp"

namespace seki::test {

[[nodiscard]] inline std::vector<report::event_facts> drained(const shm::segment& where) {
    std::vector<report::event_facts> all;
    for (std::size_t slot = 0; slot <= where.parts().max_workers; ++slot)
        shm::event_ring<>{where.worker(slot).events}.drain(
            [&](const shm::event_content& words) { all.push_back(report::decode(words)); });
    return all;
}

}  // namespace seki::test
