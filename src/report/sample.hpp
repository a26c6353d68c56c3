// What every primitive has counted and how it stands, at one moment, in few numbers: what sekid keeps of each second (daemon/history.hpp).
//
// Far cheaper than a snapshot: no table of keys is walked, no histogram added up. A worker's counters are read in the order in which they lie, and
// those of a slot that nobody ever had are not touched.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "layout/directory.hpp"
#include "shm/directory.hpp"
#include "shm/segment.hpp"

namespace seki::report {

enum class column_of : std::uint8_t {
    count,    // since the primitive was made
    refusal,  // likewise; of what was refused
    level,    // at this moment
    state     // of a breaker, as BreakerState has it
};

struct sample_column {
    std::string_view name;
    column_of is;
};

inline constexpr std::size_t sample_columns = 6;

// At most sample_columns; none of a kind that counts nothing.
[[nodiscard]] std::span<const sample_column> columns_of(layout::kind kind) noexcept;

struct sample {
    shm::placement at;
    std::array<std::uint64_t, sample_columns> values{};  // in the order of columns_of(at.kind)
};

// In the order of the directory; of the kinds that count.
[[nodiscard]] std::vector<sample> take_samples(const shm::segment& where);

}  // namespace seki::report
