// The metrics of a segment, made from its state at each scrape: nothing is mirrored, so nothing is lost when sekid restarts.
#pragma once

#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "daemon/guarded_segment.hpp"
#include "report/snapshot.hpp"

namespace seki::daemon {

[[nodiscard]] std::vector<prometheus::MetricFamily> to_metrics(const report::snapshot& all);

class segment_metrics final : public prometheus::Collectable {
public:
    explicit segment_metrics(const board& from) : from_{from} {}

    // Empty while there is no segment.
    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;

private:
    const board& from_;
};

}  // namespace seki::daemon
