// Retries that know when to stop: the thread's deadline, and a budget that all processes of the host share.
#pragma once

#include <stdint.h>

#include <seki/breaker.h>
#include <seki/segment.h>
#include <seki/status.h>

#ifdef __cplusplus
extern "C" {
#endif

// A handle: safe to use from any number of threads, and valid in the child after fork(). It outlives the segment's handle that it came from. Should the
// retry be deleted, every call answers SEKI_ERROR_DELETED.
typedef struct seki_retry seki_retry;

// How delays grow: base_delay, base_delay * n, base_delay * 2^(n-1) before the n-th retry.
enum { SEKI_BACKOFF_CONSTANT = 0, SEKI_BACKOFF_LINEAR = 1, SEKI_BACKOFF_EXPONENTIAL = 2 };

// What chance makes of a delay d: nothing; anything from 0 to d; anything from d/2 to d; or anything from base_delay to three times the delay before.
enum { SEKI_JITTER_NONE = 0, SEKI_JITTER_FULL = 1, SEKI_JITTER_EQUAL = 2, SEKI_JITTER_DECORRELATED = 3 };

typedef struct seki_retry_options {
    uint32_t size;  // sizeof(seki_retry_options)
    int32_t backoff;
    int32_t jitter;
    uint64_t max_attempts;  // of a call, the first one included; 1 to 100

    // 0 to 1 day. No delay of its own is longer than max_delay, which is at least base_delay.
    int64_t base_delay_ns;
    int64_t max_delay_ns;

    // The budget of the host: retries may be so many times the calls of the last second, and min_per_second more. 0.0 to 100.0, in thousandths; 0 to 1000000.
    double ratio;
    uint64_t min_per_second;
} seki_retry_options;
#define SEKI_RETRY_OPTIONS_INIT \
    {sizeof(seki_retry_options), SEKI_BACKOFF_EXPONENTIAL, SEKI_JITTER_FULL, 3, 100000000, 30000000000, 0.2, 10}

// All but the last ever, of all processes.
typedef struct seki_retry_status {
    uint32_t size;         // sizeof(seki_retry_status)
    uint64_t calls;        // first attempts
    uint64_t retries;      // other attempts
    uint64_t recovered;    // calls that a retry helped
    uint64_t exhausted;    // calls given up: no attempts left, or no time
    uint64_t denied;       // calls given up because the budget was spent
    uint64_t budget_left;  // retries that the budget still allows in its window
} seki_retry_status;
#define SEKI_RETRY_STATUS_INIT {sizeof(seki_retry_status), 0, 0, 0, 0, 0, 0}

// A call on its way through its attempts, which the caller makes: for an event loop, say. It has no memory of its own, may be handed to another thread, and
// outlives the handle that it came from. What was begun must end: by seki_retry_succeeded(), or by a seki_retry_failed() that answers not to go on.
typedef struct seki_retry_loop {
    uint32_t size;   // sizeof(seki_retry_loop)
    uint32_t begun;  // 1: begun, and neither succeeded nor given up
    uint64_t opaque[10];
} seki_retry_loop;
#define SEKI_RETRY_LOOP_INIT {sizeof(seki_retry_loop), 0, {0}}

// After an attempt that failed.
typedef struct seki_retry_step {
    uint32_t size;     // sizeof(seki_retry_step)
    uint32_t again;    // 1: make another one, after delay_ns
    uint64_t attempt;  // the one that failed; 1 is the first
    int64_t delay_ns;
    seki_status
        why;  // there is none: SEKI_ERROR_CALL_FAILED (no attempts left, or not wanted), ..._DEADLINE_EXCEEDED, ..._BUDGET_SPENT, ..._DELETED
} seki_retry_step;
#define SEKI_RETRY_STEP_INIT {sizeof(seki_retry_step), 0, 0, 0, SEKI_OK}

// The retry of that name, made with `options` if there is none. One that exists with other options is SEKI_ERROR_DIFFERENT_OPTIONS. After an error `*retry`
// is null.
SEKI_C_API seki_status seki_retry_create(const seki_segment* segment, const char* name,
                                         const seki_retry_options* options, seki_retry** retry) SEKI_NOTHROW;

// The retry of that name, made by configuration or by another process; SEKI_ERROR_NOT_FOUND otherwise.
SEKI_C_API seki_status seki_retry_get(const seki_segment* segment, const char* name, seki_retry** retry) SEKI_NOTHROW;

// Gives the handle back; the retry stays. Null is nothing.
SEKI_C_API void seki_retry_free(seki_retry* retry) SEKI_NOTHROW;

// Changes any option while it runs. A budget that changes does so with its next window, a second later at most.
SEKI_C_API seki_status seki_retry_change(const seki_segment* segment, const char* name,
                                         const seki_retry_options* options) SEKI_NOTHROW;

// Deletes the retry. Its handles, everywhere, answer SEKI_ERROR_DELETED from then on.
SEKI_C_API seki_status seki_retry_remove(const seki_segment* segment, const char* name) SEKI_NOTHROW;

// Calls `function(context)` until it answers something else than SEKI_OUTCOME_ERROR, max_attempts are made, the next one would begin after the deadline of the
// thread, or the host's budget is spent. Between attempts it sleeps, and never past the deadline. SEKI_OK when the last attempt was no error, else why it was
// the last: SEKI_ERROR_CALL_FAILED, SEKI_ERROR_DEADLINE_EXCEEDED or SEKI_ERROR_BUDGET_SPENT; SEKI_ERROR_INTERRUPTED when the thread was told to stop waiting
// for the next one (seki_before_sleep()).
SEKI_C_API seki_status seki_retry_call(const seki_retry* retry, seki_function function, void* context);

// Begins a call whose attempts the caller makes. No lock, no clock, no system call, no allocation. A `loop` that is begun is SEKI_ERROR_INVALID_ARGUMENT.
SEKI_C_API seki_status seki_retry_begin(const seki_retry* retry, seki_retry_loop* loop) SEKI_NOTHROW;

// An attempt failed. `at_least_ns`: what the server's Retry-After asks for, which wins where it is longer than the backoff's own delay; 0 where it asks for
// nothing; SEKI_NEVER when another attempt is not worth it. A retry that is answered is taken from the budget. Where there is none the loop has ended.
SEKI_C_API seki_status seki_retry_failed(seki_retry_loop* loop, int64_t at_least_ns,
                                         seki_retry_step* step) SEKI_NOTHROW;
SEKI_C_API seki_status seki_retry_succeeded(seki_retry_loop* loop) SEKI_NOTHROW;

SEKI_C_API seki_status seki_retry_get_status(const seki_retry* retry, seki_retry_status* status) SEKI_NOTHROW;

// What an error that one of the calls above answered means, in a sentence. Never null; valid as seki_last_error_message() is, which says the same then.
SEKI_C_API const char* seki_retry_explain(const seki_retry* retry, seki_status why) SEKI_NOTHROW;

// Null for a null retry; valid until seki_retry_free().
SEKI_C_API const char* seki_retry_name(const seki_retry* retry) SEKI_NOTHROW;

SEKI_C_API seki_status seki_retry_get_options(const seki_retry* retry, seki_retry_options* options) SEKI_NOTHROW;

#ifdef __cplusplus
}
#endif
