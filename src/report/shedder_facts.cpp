#include "report/shedder_facts.hpp"

#include "primitives/registry.hpp"
#include "primitives/shedder_status.hpp"
#include "report/times.hpp"

namespace seki::report {

shedder_facts look_at_shedder(const shm::segment& where, const shm::placement& at) {
    return {.place = at,
            .options = primitives::shedders::options_of(where, at),
            .made_with = primitives::shedders::creation_options_of(where, at),
            .created = unix_time(at.created_unix_ns),
            .status = primitives::shedder_status_of(where, at)};
}

}  // namespace seki::report
