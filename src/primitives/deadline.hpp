// The deadline that the calling thread works under (include/seki/deadline.hpp). Whatever waits looks at it where it settles how long.
#pragma once

#include <cstdint>

namespace seki::primitives {

inline constexpr std::uint64_t no_deadline = ~std::uint64_t{0};

// Nanoseconds of CLOCK_MONOTONIC. Trivially destructible, so that reading it needs no guard.
extern thread_local constinit std::uint64_t deadline_of_thread;

}  // namespace seki::primitives
