// What a law answers. A law is a pure function of (state word, time, cost, terms): no clock, no memory, no I/O.
//
// Conventions of every law in this folder:
//   * state 0 is as good as new, and bit 63 is never set (the key table uses it);
//   * a state that is as good as new at some time is so at every later time: that is what lets a table give its slot away;
//   * whatever stands in the state word, the answer is a number or a denial, never an overflow: another process may have
//     scribbled on it. Terms out of their bounds make the answer worthless, but still break nothing;
//   * times in an answer are by the caller's clock, also when that is behind the state's.
#pragma once

#include <cstdint>
#include <limits>

namespace seki::algorithm {

// Nanoseconds of CLOCK_MONOTONIC, and spans of it.
using nanos = std::uint64_t;

__extension__ typedef unsigned __int128 uint128;

// The bits that a law may use.
inline constexpr std::uint64_t state_mask = ~(1ULL << 63);

inline constexpr nanos never = std::numeric_limits<std::int64_t>::max();

struct outcome {
    bool allowed = false;
    std::uint64_t state = 0;      // what to write when allowed and cost > 0; the old state otherwise
    std::uint64_t limit = 0;      // the capacity
    std::uint64_t remaining = 0;  // after this check
    nanos retry_after = 0;        // 0 when allowed, `never` when no waiting helps
    nanos reset_after = 0;        // of the state as it stands after the check
    nanos delay = 0;              // bucket family: time until this request's turn
};

}  // namespace seki::algorithm
