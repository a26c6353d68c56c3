// The metrics of a segment, made from its state at each scrape: nothing is mirrored, so nothing is lost when sekid restarts.
#pragma once

#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "daemon/guarded_segment.hpp"
#include "otlp/ledger.hpp"
#include "report/snapshot.hpp"

namespace seki::daemon {

[[nodiscard]] std::vector<prometheus::MetricFamily> to_metrics(const report::snapshot& all);

// Of the segment, of sekid as a process, and of what it exports.
[[nodiscard]] std::vector<prometheus::MetricFamily> all_metrics(const report::snapshot& all,
                                                                const otlp::ledger& exported);

class segment_metrics final : public prometheus::Collectable {
public:
    segment_metrics(const board& from, const otlp::ledger& exported) : from_{from}, exported_{exported} {}

    // Empty while there is no segment.
    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;

private:
    const board& from_;
    const otlp::ledger& exported_;
};

}  // namespace seki::daemon
