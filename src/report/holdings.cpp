#include "report/holdings.hpp"

#include <utility>

#include "shm/breaker_piece.hpp"
#include "shm/bulkhead_piece.hpp"
#include "shm/directory.hpp"
#include "shm/permit_seeker.hpp"

namespace seki::report {
namespace {

class collection {
public:
    collection(const shm::segment& where, whose which) noexcept : where_{where}, which_{which} {}

    void add_permits(const shm::placement& at) {
        const auto permits = shm::permits_of(where_, at);
        add_each_of(permits.table(), at, &holding::permits);
        const bool sheds = at.kind == layout::kind::shedder;  // there are its places beyond max
        add_each_of(permits.room(), at, sheds ? &holding::permits : &holding::waiting);
    }
    void add_probes(const shm::placement& at) {
        shm::breaker_of(where_, at).for_each_probe([&](std::uint64_t owner) { add(owner, at, &holding::probes); });
    }
    [[nodiscard]] holdings found() && { return std::move(found_); }

private:
    void add_each_of(const shm::permits<>& table, const shm::placement& at, std::uint64_t holding::* what) {
        table.for_each([&](std::uint32_t, std::uint64_t owner) { add(owner, at, what); });
    }
    // Each primitive is looked at once, so what an owner has in it is the last of the owner's list.
    void add(std::uint64_t owner, const shm::placement& at, std::uint64_t holding::* what) {
        if (which_ == whose::listed && !shm::holder_is_listed(where_, owner)) return;
        auto& has = found_[owner];
        if (has.empty() || has.back().kind != at.kind || has.back().name != at.name)
            has.push_back({.kind = at.kind, .name = at.name});
        ++(has.back().*what);
    }

    const shm::segment& where_;
    whose which_;
    holdings found_;
};

}  // namespace

holdings find_holdings(const shm::segment& where, whose which) {
    collection all{where, which};
    for (const shm::placement& at : shm::directory{where}.list()) {
        if (shm::has_permits(at.kind)) all.add_permits(at);
        if (at.kind == layout::kind::breaker) all.add_probes(at);
    }
    return std::move(all).found();
}

}  // namespace seki::report
