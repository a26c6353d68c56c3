// The keys of a limiter, for people: what stands in its table, joined with what the workers' samples say about who is busiest.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "shm/directory.hpp"
#include "shm/hitters.hpp"
#include "shm/segment.hpp"

namespace seki::report {

struct key_facts {
    std::uint64_t tag = 0;
    std::optional<std::string> text{};  // any bytes; nothing when none is kept, or it is not believable
    bool whole = true;                  // false: `text` is only how the key begins
    std::uint64_t limit = 0;            // the capacity
    std::uint64_t remaining = 0;
    std::chrono::nanoseconds reset_after{0};
    std::uint64_t allowed =
        0;  // decisions, estimated from samples; 0 for a key that is not among the busiest of any worker
    std::uint64_t denied = 0;
};

enum class key_order : std::uint8_t { busiest, most_denied };

struct key_query {
    key_order by = key_order::busiest;
    std::size_t top = std::numeric_limits<std::size_t>::max();
    std::function<bool(const key_facts&)> wanted{};  // empty: all
};

// Those with most decisions, or most denials, first; among equals those that have least left. Keys that are as good as new are listed only when the samples name them.
[[nodiscard]] std::vector<key_facts> keys(const shm::segment& where, const shm::placement& at, std::uint64_t now_ns,
                                          const key_query& query = {});

// Of those that the samples name, `busy`, the `top` that were denied most. Finds them where they stand, and walks no table.
[[nodiscard]] std::vector<key_facts> most_denied(const shm::segment& where, const shm::placement& at,
                                                 std::uint64_t now_ns, std::vector<shm::busy_key> busy,
                                                 std::size_t top);

}  // namespace seki::report
