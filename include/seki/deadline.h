// Deadlines: by when a thread must be done, in scopes, and handed on in headers.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <seki/breaker.h>
#include <seki/limiter.h>
#include <seki/status.h>

#ifdef __cplusplus
extern "C" {
#endif

// A deadline for the thread that began it, until seki_deadline_end(). One inside another: the earlier counts, and the outer one comes back with the end
// of the inner. It interrupts nothing: who waits (seki_limiter_acquire, seki_bulkhead_acquire, seki_retry_call) waits no longer, and who works asks
// seki_deadline_check() between two steps. Copies of it end nothing: it belongs to the thread, in which the last begun ends first.
//     seki_deadline soon = SEKI_DEADLINE_INIT;
//     seki_deadline_begin(200000000, &soon);
//     ...
//     seki_deadline_end(&soon);
typedef struct seki_deadline {
    uint32_t size;   // sizeof(seki_deadline)
    uint32_t begun;  // 1: begun, and not yet ended
    uint64_t opaque[2];
} seki_deadline;
#define SEKI_DEADLINE_INIT {sizeof(seki_deadline), 0, {0}}

// In so long from now; at once when that is 0 or negative. SEKI_NEVER: none but one that is outside. A `deadline` that is begun is
// SEKI_ERROR_INVALID_ARGUMENT.
SEKI_C_API seki_status seki_deadline_begin(int64_t in_ns, seki_deadline* deadline) SEKI_NOTHROW;

// At that time of CLOCK_MONOTONIC. To hand one over to another thread: take seki_deadline_current() here, and begin one of it there.
SEKI_C_API seki_status seki_deadline_begin_at(int64_t at_ns, seki_deadline* deadline) SEKI_NOTHROW;

// The one before it comes back. SEKI_ERROR_INVALID_ARGUMENT, and nothing done, when it is not begun.
SEKI_C_API seki_status seki_deadline_end(seki_deadline* deadline) SEKI_NOTHROW;

// Of the calling thread, in nanoseconds: when it is over by CLOCK_MONOTONIC, and how long that is from now, 0 when it is. SEKI_NEVER: there is none.
SEKI_C_API int64_t seki_deadline_current(void) SEKI_NOTHROW;
SEKI_C_API int64_t seki_deadline_remaining(void) SEKI_NOTHROW;

// SEKI_ERROR_DEADLINE_EXCEEDED when it is over. Costs a reading of the clock and a few nanoseconds, and none where there is no deadline.
SEKI_C_API seki_status seki_deadline_check(void) SEKI_NOTHROW;

// Calls `function(context)` under a deadline; SEKI_ERROR_DEADLINE_EXCEEDED when there is no time left. An answer that comes too late all the same is passed
// on: SEKI_OK, or SEKI_ERROR_CALL_FAILED when it was SEKI_OUTCOME_ERROR.
SEKI_C_API seki_status seki_deadline_run(int64_t in_ns, seki_function function, void* context);

// The headers by which a caller in another process says how long it waits, and what is called next is told: milliseconds, 1 to 12 digits; and that of gRPC,
// 1 to 8 digits and a unit: H M S m u n.
#define SEKI_DEADLINE_REMAINING_HEADER "x-deadline-remaining"
#define SEKI_GRPC_TIMEOUT_HEADER "grpc-timeout"

// How long such a value leaves. One that is negative, too long, or anything else that it cannot be is SEKI_ERROR_INVALID_ARGUMENT, and `*in_ns` stays.
SEKI_C_API seki_status seki_deadline_parse_remaining(const char* value, size_t length, int64_t* in_ns) SEKI_NOTHROW;
SEKI_C_API seki_status seki_deadline_parse_grpc_timeout(const char* value, size_t length, int64_t* in_ns) SEKI_NOTHROW;

// The value for so long, rounded down, with its NUL: `text` has room for SEKI_DEADLINE_TEXT bytes, or SEKI_ERROR_INVALID_ARGUMENT. SEKI_NEVER is the longest
// that the header can say; better send none. grpc-timeout has no 0: it is 1n.
#define SEKI_DEADLINE_TEXT 16
SEKI_C_API seki_status seki_deadline_format_remaining(int64_t left_ns, char* text, size_t size) SEKI_NOTHROW;
SEKI_C_API seki_status seki_deadline_format_grpc_timeout(int64_t left_ns, char* text, size_t size) SEKI_NOTHROW;

#ifdef __cplusplus
}
#endif
