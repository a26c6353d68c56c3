// <seki/seki.h> as C++11, with every struct begun as it says. Fails to compile when it is C alone.
#include <seki/seki.h>

namespace {

seki_open_options open_options = SEKI_OPEN_OPTIONS_INIT;
seki_limiter_options limiter_options = SEKI_LIMITER_OPTIONS_INIT;
seki_breaker_options breaker_options = SEKI_BREAKER_OPTIONS_INIT;
seki_bulkhead_options bulkhead_options = SEKI_BULKHEAD_OPTIONS_INIT;
seki_decision decision = SEKI_DECISION_INIT;
seki_receipt receipt = SEKI_RECEIPT_INIT;
seki_admission admission = SEKI_ADMISSION_INIT;
seki_permit permit = SEKI_PERMIT_INIT;
seki_breaker_status breaker_status = SEKI_BREAKER_STATUS_INIT;
seki_bulkhead_status bulkhead_status = SEKI_BULKHEAD_STATUS_INIT;
seki_retry_options retry_options = SEKI_RETRY_OPTIONS_INIT;
seki_retry_status retry_status = SEKI_RETRY_STATUS_INIT;
seki_retry_loop retry_loop = SEKI_RETRY_LOOP_INIT;
seki_retry_step retry_step = SEKI_RETRY_STEP_INIT;
seki_deadline deadline = SEKI_DEADLINE_INIT;
seki_trace_context trace_context = SEKI_TRACE_CONTEXT_INIT;
seki_demand demand = SEKI_DEMAND(nullptr, "alice", 5, 1);

}  // namespace

bool all_begin_with_their_size();
bool all_begin_with_their_size() {
    return open_options.size == sizeof open_options && limiter_options.size == sizeof limiter_options &&
           breaker_options.size == sizeof breaker_options && bulkhead_options.size == sizeof bulkhead_options &&
           decision.size == sizeof decision && receipt.size == sizeof receipt && admission.size == sizeof admission &&
           permit.size == sizeof permit && breaker_status.size == sizeof breaker_status &&
           bulkhead_status.size == sizeof bulkhead_status && retry_options.size == sizeof retry_options &&
           retry_status.size == sizeof retry_status && retry_loop.size == sizeof retry_loop &&
           retry_step.size == sizeof retry_step && deadline.size == sizeof deadline &&
           trace_context.size == sizeof trace_context && demand.size == sizeof demand && noexcept(seki_version());
}
