#include "report/holdings.hpp"

#include "shm/breaker_piece.hpp"
#include "shm/bulkhead_piece.hpp"
#include "shm/directory.hpp"

namespace seki::report {
namespace {

// Each primitive is looked at once, so what an owner has in it is the last of the owner's list.
holding& of(holdings& all, std::uint64_t owner, const shm::placement& at) {
    auto& has = all[owner];
    if (has.empty() || has.back().kind != at.kind || has.back().name != at.name)
        has.push_back({.kind = at.kind, .name = at.name});
    return has.back();
}

void add_permits(const shm::segment& where, const shm::placement& at, holdings& into) {
    const auto permits = shm::permits_of(where, at);
    permits.table().for_each([&](std::uint32_t, std::uint64_t owner) { ++of(into, owner, at).permits; });
    const bool sheds = at.kind == layout::kind::shedder;  // there are its places beyond max
    permits.room().for_each([&](std::uint32_t, std::uint64_t owner) {
        holding& has = of(into, owner, at);
        ++(sheds ? has.permits : has.waiting);
    });
}

void add_breaker(const shm::segment& where, const shm::placement& at, holdings& into) {
    shm::breaker_of(where, at).for_each_probe([&](std::uint64_t owner) { ++of(into, owner, at).probes; });
}

}  // namespace

holdings find_holdings(const shm::segment& where) {
    holdings found;
    for (const shm::placement& at : shm::directory{where}.list()) {
        if (shm::has_permits(at.kind)) add_permits(where, at, found);
        if (at.kind == layout::kind::breaker) add_breaker(where, at, found);
    }
    return found;
}

}  // namespace seki::report
