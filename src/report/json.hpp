// Snapshots as JSON: what sekid answers at /api/v1/state and `sekictl --json` prints. docs/man/sekid.8 describes it.
//
// The schema only grows: members keep their names, types and units. Durations are numbers of seconds in members called `..._seconds`, sizes
// are bytes in `..._bytes`. Texts are valid UTF-8, whatever the segment holds; a key that is not also comes as `key_hex`.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "report/keys.hpp"
#include "report/snapshot.hpp"

namespace seki::report {

using json = nlohmann::ordered_json;

[[nodiscard]] json to_json(const snapshot& all);

[[nodiscard]] json to_json(const limiter_facts& limiter);
[[nodiscard]] json to_json(const process_facts& process);
[[nodiscard]] json to_json(const key_facts& key);
[[nodiscard]] json to_json(const LimiterOptions& options);
[[nodiscard]] json to_json(const bulkhead_facts& bulkhead);
[[nodiscard]] json to_json(const BulkheadOptions& options);
[[nodiscard]] json to_json(const breaker_facts& breaker);
[[nodiscard]] json to_json(const BreakerOptions& options);
[[nodiscard]] json to_json(const adaptive_facts& adaptive);
[[nodiscard]] json to_json(const AdaptiveOptions& options);
[[nodiscard]] json to_json(const shedder_facts& shedder);
[[nodiscard]] json to_json(const ShedderOptions& options);
[[nodiscard]] json to_json(const hedge_facts& hedge);
[[nodiscard]] json to_json(const HedgeOptions& options);
[[nodiscard]] json to_json(const retry_facts& retry);
[[nodiscard]] json to_json(const RetryOptions& options);
[[nodiscard]] json to_json(const policy_facts& policy);
[[nodiscard]] json to_json(const PolicyOptions& options);
[[nodiscard]] json to_json(const shm::durations& all);

}  // namespace seki::report
