// Telemetry events as log records: changes of state and refusals, tied to the trace and span in which they happened.
#pragma once

#include <cstdint>
#include <span>

#include "otlp/attributes.hpp"
#include "otlp/request.hpp"
#include "primitives/event_types.hpp"
#include "report/event.hpp"

namespace seki::otlp {

// Of whose kinds some are worth a record.
inline constexpr std::uint64_t kinds_of_records = [] {
    using enum layout::event_kind;
    std::uint64_t mask = 0;
    for (const auto each :
         {limiter_deny, breaker_call, breaker_state_change, bulkhead_rejected, bulkhead_reclaimed, retry_exhausted,
          adaptive_rejected, adaptive_reclaimed, shed_shed, shed_codel_drop, shed_reclaimed, hedge_complete})
        mask |= primitives::mask_of(each);
    return mask;
}();

// Not a call that went through, nor a hedged one that was answered.
[[nodiscard]] bool is_worth_a_record(const report::event_facts& event) noexcept;

// `observed_ns`: now, since 1970.
[[nodiscard]] request encode_logs(std::span<const report::event_facts> events, const origin& from,
                                  std::uint64_t observed_ns, bool with_keys);

}  // namespace seki::otlp
