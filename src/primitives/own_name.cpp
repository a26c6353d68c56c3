#include "primitives/own_name.hpp"

#include <cstdint>

#include "shm/liveness.hpp"
#include "shm/permit_seeker.hpp"

namespace seki::primitives {
namespace {

constexpr std::uint64_t pause_ns = 100'000'000;

// Of each thread, so that who has no room asks the kernel so often and no more.
bool is_time() noexcept {
    static thread_local constinit std::uint64_t last = 0;
    const std::uint64_t now = shm::process_seeker::now();
    if (last != 0 && now - last < pause_ns) return false;
    last = now;
    return true;
}

bool stands(const shm::segment& where, std::uint64_t name) noexcept {
    const shm::process_owner owner = shm::holder_named(name);
    return shm::owner_of(where, owner.slot) == owner;
}

}  // namespace

bool keep_name(const shm::attachment& in) noexcept {
    const shm::worker& me = in.me();
    if (in.where().superseded()) return me.owner != 0;
    const bool reaped = me.owner != 0 && !stands(in.where(), me.owner);
    // Not who shares a slot and has a name: it would look for a slot as well, which is dear where there is none.
    if (reaped || ((me.owner == 0 || !me.shared) && is_time())) in.look_again();
    return in.me().owner != 0;
}

}  // namespace seki::primitives
