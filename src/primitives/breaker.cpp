#include "primitives/breaker.hpp"

#include <utility>

#include "shm/breaker_piece.hpp"

namespace seki::primitives {

breaker::breaker(std::shared_ptr<const shm::attachment> in, const shm::placement& at)
    : bound_place{std::move(in), at},
      shared_{shm::breaker_of(attachment_->where(), at)},
      durations_{shm::call_durations_of(attachment_->where(), at)},
      events_{*attachment_, at} {}

Errc breaker::operate(algorithm::breaker::event what) const noexcept {
    if (const Errc why = standing(); why != Errc::none) return why;
    if (!writable_) return Errc::read_only;
    shared_.operate(what, terms().law, onlooker{attachment_->where(), place(), events_});
    return Errc::none;
}

}  // namespace seki::primitives
