// A shedder: places for requests in flight, and CoDel, bound to their place in one mapped segment.
//
// The path of an admission, in its order: look whether the shedder still stands; find this thread's slot; judge how long the request waited, if that is
// known (shm/shedder_state.hpp); take a free place near the last one of this thread, and with priority 0 one beyond max_in_flight where there is none
// (shm/shedder_places.hpp); of a priority that is shed before the others, count what is in flight with it, and give the place back where that is too much;
// count.
//
// That it counts after it took its place makes it exact: of those in flight with a priority, who took the last place counted all the others.
#pragma once

#include <cstdint>
#include <memory>

#include <seki/shedder.hpp>

#include "primitives/bound_place.hpp"
#include "primitives/shedder_terms.hpp"
#include "primitives/telemetry.hpp"
#include "shm/bulkhead_piece.hpp"
#include "shm/counters.hpp"
#include "shm/permit_seeker.hpp"
#include "shm/workers.hpp"

namespace seki::primitives {

// Immutable after binding, so any number of threads may use it.
class shedder : public bound_place {
public:
    using options_type = ShedderOptions;

    // `at` was found in the directory of `in`'s segment.
    shedder(std::shared_ptr<const shm::attachment> in, const shm::placement& at);

    struct answer {
        Errc error = Errc::none;
        // None: priority 0, and no place is left beyond max_in_flight either, or this process has no name.
        shm::permit held{};
        const shedder* from = nullptr;
    };
    static constexpr std::uint64_t not_known = 0;
    // `arrived_ns` of CLOCK_MONOTONIC, or not_known.
    [[nodiscard]] answer admit(unsigned priority, std::uint64_t arrived_ns) const noexcept;

    bool complete(shm::permit& held) const noexcept;

    [[nodiscard]] ShedderStatus status() const noexcept;
    [[nodiscard]] ShedderOptions options() const noexcept;

private:
    [[nodiscard]] answer let_in(const shm::worker& me, unsigned priority, const shm::permit& held) const noexcept;
    [[nodiscard]] answer shed(const shm::worker& me, unsigned priority, bool by_codel) const noexcept;
    [[nodiscard]] std::uint32_t near(const shm::worker& me) const noexcept;
    void count(const shm::worker& me, std::size_t which) const noexcept {
        shm::count(me, index_, incarnation_, static_cast<layout::counter>(which), 1);
    }
    [[gnu::noinline]] void tell(layout::event_kind kind, unsigned priority, std::uint64_t measured) const noexcept;

    shm::shedder_places<> places_;
    shm::shedder_state<> codel_;
    emitter events_;
};

}  // namespace seki::primitives
