// What a breaker is like now, in plain values.
#pragma once

#include <seki/breaker.hpp>

#include "algorithm/breaker.hpp"
#include "shm/breaker.hpp"

namespace seki::primitives {

// Only reads. Not one instant: the window may be of a moment after the state.
[[nodiscard]] BreakerStatus status_of(const shm::breaker<>& breaker, const algorithm::breaker::terms& law,
                                      algorithm::nanos now) noexcept;
[[nodiscard]] BreakerStatus status_of(const shm::breaker<>& breaker, const algorithm::breaker::terms& law) noexcept;

}  // namespace seki::primitives
