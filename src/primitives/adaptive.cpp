#include "primitives/adaptive.hpp"

#include "primitives/adaptive_family.hpp"
#include "primitives/adaptive_status.hpp"

namespace seki::primitives {

adaptive::adaptive(std::shared_ptr<const shm::attachment> in, const shm::placement& at)
    : gate_{std::move(in), at},
      entry_{&gate_.attachment().where().directory()[at.index]},
      window_{shm::window_of(gate_.attachment().where(), at)} {}

bool adaptive::give_back(shm::permit& held, Outcome outcome, std::uint64_t started_ns) const noexcept {
    if (!gate_.give_back(held)) return false;
    if (outcome == Outcome::ignore || standing() != Errc::none) return true;
    const std::uint64_t now = read_clock(Clock::precise);
    const std::uint64_t latency = now > started_ns ? now - started_ns : 0;
    const std::uint64_t timeout = shm::read_term(*entry_, shm::terms_version(*entry_), layout::adaptive_timeout);
    const auto moved = window_.add(
        {.dropped = outcome == Outcome::error || latency >= timeout, .latency = latency, .now = now},
        [this] {
            return unpack_adaptive_law(shm::read_wide_terms(*entry_).values, shm::unpack_bulkhead_shape(place().shape));
        },
        [this] { return permits().in_use() + 1; },  // with the one that was just given back
        [this](auto most) { permits().set_max_by(most); });
    if (moved.from != moved.to && moved.from != 0) gate_.events().adaptive_limit_change(moved.from, moved.to);
    return true;
}

AdaptiveOptions adaptive::options() const noexcept {
    return family<AdaptiveOptions>::options_of(shm::read_wide_terms(*entry_).values, place().shape);
}

AdaptiveStatus adaptive::status() const noexcept { return adaptive_status_of(attachment().where(), place()); }

}  // namespace seki::primitives
