// Examples of what a number of a metric is made of: the latest call, of those with a trace, that fell into it since the last export.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/client_metric.h>

#include "primitives/event_types.hpp"
#include "report/event.hpp"

namespace seki::otlp {

struct exemplar {
    std::uint64_t unix_ns = 0;
    double value = 0;
    std::array<std::uint64_t, 2> trace{};
    std::uint64_t span = 0;
};

[[nodiscard]] bool has_trace(const report::event_facts& event) noexcept;

// Of those, what some metric counts.
inline constexpr primitives::event_mask kinds_of_examples = [] {
    using enum layout::event_kind;
    primitives::event_mask mask = 0;
    for (const auto each : {limiter_allow, limiter_deny, breaker_call, bulkhead_rejected, adaptive_rejected,
                            retry_exhausted, shed_shed, shed_codel_drop})
        mask |= primitives::mask_of(each);
    return mask;
}();

class exemplars {
public:
    // Of an event without a trace, or of which no metric counts, nothing is kept.
    void add(const report::event_facts& event);

    // Of one sample of a metric: at most one for each bucket of a histogram, else at most one.
    [[nodiscard]] std::vector<exemplar> of(std::string_view metric, const prometheus::ClientMetric& sample) const;

    void clear() noexcept { kept_.clear(); }

private:
    static constexpr std::size_t most = 4096;  // samples
    void keep(const std::string& sample, std::size_t bucket, const exemplar& which);

    // By the sample, as key_of() writes it, and the bucket.
    std::map<std::string, std::map<std::size_t, exemplar>, std::less<>> kept_;
};

}  // namespace seki::otlp
