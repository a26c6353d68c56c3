// Since when each counter counts: a primitive's as long as it lives, the segment's as long as that stands.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include <prometheus/client_metric.h>

#include "report/snapshot.hpp"

namespace seki::otlp {

class start_times {
public:
    // `own_ns`: since when sekid runs, for what it counts of itself.
    start_times(const report::snapshot& all, std::uint64_t own_ns);

    // Nanoseconds since 1970. `metric`: its whole name, which says of what kind of primitive it is.
    [[nodiscard]] std::uint64_t of(std::string_view metric, const prometheus::ClientMetric& sample) const;

private:
    std::map<std::string, std::uint64_t, std::less<>> primitives_;  // by kind, a slash, and name
    std::uint64_t segment_ns_;
    std::uint64_t own_ns_;
};

}  // namespace seki::otlp
