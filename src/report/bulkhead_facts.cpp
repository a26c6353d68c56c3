#include "report/bulkhead_facts.hpp"

#include "primitives/bulkhead_status.hpp"
#include "primitives/registry.hpp"
#include "report/times.hpp"
#include "shm/bulkhead_piece.hpp"

namespace seki::report {

bulkhead_facts look_at_bulkhead(const shm::segment& where, const shm::placement& at) {
    return {.place = at,
            .options = primitives::bulkheads::options_of(where, at),
            .made_with = primitives::bulkheads::creation_options_of(where, at),
            .created = unix_time(at.created_unix_ns),
            .status = primitives::status_of(where, at),
            .waits = shm::waits_of(where, at).sum()};
}

void add_holdings(const shm::segment& where, const shm::placement& bulkhead, holdings& into) {
    const auto of = [&](std::uint64_t owner) -> holding& {
        auto& has = into[owner];
        if (has.empty() || has.back().kind != bulkhead.kind || has.back().name != bulkhead.name)
            has.push_back({.kind = bulkhead.kind, .name = bulkhead.name});
        return has.back();
    };
    const auto permits = shm::permits_of(where, bulkhead);
    permits.table().for_each([&](std::uint32_t, std::uint64_t owner) { ++of(owner).permits; });
    permits.room().for_each([&](std::uint32_t, std::uint64_t owner) { ++of(owner).waiting; });
}

}  // namespace seki::report
