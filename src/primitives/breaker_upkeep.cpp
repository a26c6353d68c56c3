#include "primitives/breaker_upkeep.hpp"

#include "primitives/breaker_actor.hpp"
#include "shm/breaker_piece.hpp"
#include "shm/directory.hpp"

namespace seki::primitives {

std::size_t reclaim_probes(const shm::segment& where) {
    std::size_t given_back = 0;
    for (const shm::placement& at : shm::directory{where}.list(layout::kind::breaker)) {
        const shm::breaker<> breaker = shm::breaker_of(where, at);
        if (breaker.look().state != algorithm::breaker::state::half_open) continue;
        const emitter events{where, at};
        given_back += breaker.reclaim(onlooker{where, breaker, events});
    }
    return given_back;
}

}  // namespace seki::primitives
