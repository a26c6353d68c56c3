// Circuit breakers that all processes of a host share: tripped by one worker, they protect all of them at once.
#pragma once

#include <stdint.h>

#include <seki/segment.h>
#include <seki/status.h>

#ifdef __cplusplus
extern "C" {
#endif

// A handle: safe to use from any number of threads, and valid in the child after fork(). It outlives the segment's handle that it came from. Should the
// breaker be deleted, every call is refused with SEKI_ERROR_DELETED.
typedef struct seki_breaker seki_breaker;

// What a breaker judges by: the last calls of the host, or those of the last so many nanoseconds.
enum { SEKI_WINDOW_COUNT = 0, SEKI_WINDOW_TIME = 1 };

enum {
    SEKI_BREAKER_AUTOMATIC = 0,      // closed, open and half-open, as the calls go
    SEKI_BREAKER_FORCED_OPEN = 1,    // lets nobody through
    SEKI_BREAKER_FORCED_CLOSED = 2,  // lets all through, and counts nothing
    SEKI_BREAKER_OBSERVE = 3         // lets all through, counts, and tells what would have opened it
};

enum {
    SEKI_STATE_CLOSED = 0,
    SEKI_STATE_OPEN = 1,
    SEKI_STATE_HALF_OPEN = 2,
    SEKI_STATE_FORCED_OPEN = 3,
    SEKI_STATE_FORCED_CLOSED = 4,
    SEKI_STATE_OBSERVE = 5
};

// What a call came to. Any other number is an error.
typedef int32_t seki_outcome;
enum {
    SEKI_OUTCOME_IGNORE = 0,  // counts for nothing
    SEKI_OUTCOME_OK = 1,      // slow all the same if it took slow_call_duration
    SEKI_OUTCOME_ERROR = 2,
    SEKI_OUTCOME_SLOW = 3
};

typedef struct seki_breaker_options {
    uint32_t size;        // sizeof(seki_breaker_options)
    int32_t window_type;  // SEKI_WINDOW_*
    int32_t mode;         // SEKI_BREAKER_*

    // Probes that half-open lets in, all of which must be ok. 1 to 1024, up to what was made room for at its creation: 20, or at least four times as many.
    uint32_t half_open_requests;

    // Of a count window: 1 to 65536, up to what was made room for at its creation: 240, or at least four times as many as it began with.
    uint64_t window_calls;

    // Of a time window: 1 s to 1 day. Else 0.
    int64_t window_ns;

    // Outcomes that must be in the window before it is judged. 1 to 65536, and at most window_calls.
    uint64_t minimum_calls;

    // It opens when this share of the calls in the window were errors. 1 to 100 %.
    uint64_t failure_threshold;

    // It opens when this share of the calls in the window were errors or slow. 1 to 100 %.
    uint64_t slow_call_threshold;

    // A call that took so long and was no error was slow. 1 ms to 366 days.
    int64_t slow_call_duration_ns;

    // How long it stays open before a call may find out how things are. 1 ms to 366 days.
    int64_t wait_duration_ns;

    // The wait is so many times as long each time the probes fail, up to wait_duration_max_ns. 1.0 to 100.0, in hundredths.
    double wait_multiplier;
    int64_t wait_duration_max_ns;  // of no effect below wait_duration_ns

    // When the probes have not decided in so long it opens again, as after a bad one. 1 ms to 366 days.
    int64_t max_half_open_duration_ns;
} seki_breaker_options;
#define SEKI_BREAKER_OPTIONS_INIT  \
    {sizeof(seki_breaker_options), \
     SEKI_WINDOW_COUNT,            \
     SEKI_BREAKER_AUTOMATIC,       \
     5,                            \
     20,                           \
     0,                            \
     5,                            \
     50,                           \
     80,                           \
     2000000000,                   \
     30000000000,                  \
     1.0,                          \
     600000000000,                 \
     60000000000}

typedef struct seki_breaker_status {
    uint32_t size;           // sizeof(seki_breaker_status)
    int32_t state;           // SEKI_STATE_*
    int64_t for_ns;          // how long it has been so
    int64_t retry_after_ns;  // until a probe may be let in, or half_open is over at the latest. SEKI_NEVER when forced
    uint64_t reopened;       // times that probes have failed since it was closed
    uint64_t calls;          // in the window; of them
    uint64_t errors;
    uint64_t slow;
    uint64_t probes;     // under way
    uint64_t probes_ok;  // of half_open_requests
} seki_breaker_status;
#define SEKI_BREAKER_STATUS_INIT {sizeof(seki_breaker_status), 0, 0, 0, 0, 0, 0, 0, 0, 0}

// Whether a call may be made, and if so, the place to say what it came to. It may be told in another thread, and outlives the handle that it came
// from. It belongs to the process that asked: in the child of a fork it is a copy that tells nothing. Should the process die, its probe is given
// to another. One that is copied is told in one of the copies only; one that is never told keeps its probe until half-open is over.
typedef struct seki_admission {
    uint32_t size;           // sizeof(seki_admission)
    uint32_t admitted;       // 1: let in, and not yet told
    int64_t retry_after_ns;  // refused: until something else may be answered. SEKI_NEVER: no time helps
    uint64_t opaque[11];
} seki_admission;
#define SEKI_ADMISSION_INIT {sizeof(seki_admission), 0, 0, {0}}

// The breaker of that name, made with `options` if there is none. One that exists with other options is SEKI_ERROR_DIFFERENT_OPTIONS. After an error
// `*breaker` is null.
SEKI_C_API seki_status seki_breaker_create(const seki_segment* segment, const char* name,
                                           const seki_breaker_options* options, seki_breaker** breaker) SEKI_NOTHROW;

// The breaker of that name, made by configuration or by another process; SEKI_ERROR_NOT_FOUND otherwise.
SEKI_C_API seki_status seki_breaker_get(const seki_segment* segment, const char* name,
                                        seki_breaker** breaker) SEKI_NOTHROW;

// Gives the handle back; the breaker stays. Null is nothing.
SEKI_C_API void seki_breaker_free(seki_breaker* breaker) SEKI_NOTHROW;

// Changes any option while it runs: window_calls and half_open_requests as far as there was made room for at the creation. A change of window_type,
// or of the length of a time window, starts the window anew.
SEKI_C_API seki_status seki_breaker_change(const seki_segment* segment, const char* name,
                                           const seki_breaker_options* options) SEKI_NOTHROW;

// Deletes the breaker. Its handles, everywhere, answer SEKI_ERROR_DELETED from then on.
SEKI_C_API seki_status seki_breaker_remove(const seki_segment* segment, const char* name) SEKI_NOTHROW;

// What a call does; answers what that came to.
typedef seki_outcome (*seki_function)(void* context);

// Calls `function(context)` if the breaker lets it through, and tells it what that came to. SEKI_OK when it was called, SEKI_ERROR_CALL_FAILED when it
// was called and answered SEKI_OUTCOME_ERROR, else why it was not called: SEKI_ERROR_CIRCUIT_OPEN, and in `*retry_after_ns`, which may be null, the time
// until a probe. A C++ exception that leaves `function` ends in it as SEKI_ERROR_CALL_FAILED; it must not be left by longjmp(). Costs two readings of the
// clock and some nanoseconds; refusing, one. No lock, no system call, no allocation.
SEKI_C_API seki_status seki_breaker_call(const seki_breaker* breaker, seki_function function, void* context,
                                         int64_t* retry_after_ns);

// For who cannot pass a function: SEKI_OK when the call may be made. Time counts from here until it is told. An admission that is not yet told is
// SEKI_ERROR_INVALID_ARGUMENT.
SEKI_C_API seki_status seki_breaker_admit(const seki_breaker* breaker, seki_admission* admission) SEKI_NOTHROW;

// What the call came to. Tell it once: SEKI_ERROR_INVALID_ARGUMENT, and nothing done, for one that was refused or is told already.
SEKI_C_API seki_status seki_admission_tell(seki_admission* admission, seki_outcome outcome) SEKI_NOTHROW;

// The same for who measures himself how long the call took, where more went by since the admission than the call: a slow client's upload, a queue.
SEKI_C_API seki_status seki_admission_tell_took(seki_admission* admission, seki_outcome outcome,
                                                int64_t took_ns) SEKI_NOTHROW;

SEKI_C_API seki_status seki_breaker_get_status(const seki_breaker* breaker, seki_breaker_status* status) SEKI_NOTHROW;

// An operator's word, for all processes: SEKI_BREAKER_*. What it forces stays so until another. SEKI_BREAKER_AUTOMATIC lifts it: closed, with an
// empty window.
SEKI_C_API seki_status seki_breaker_force(const seki_breaker* breaker, int32_t mode) SEKI_NOTHROW;

// Closed, with an empty window, whatever it was.
SEKI_C_API seki_status seki_breaker_reset(const seki_breaker* breaker) SEKI_NOTHROW;

// What an error that one of the calls above answered means, in a sentence. Never null; valid as seki_last_error_message() is, which says the same then.
SEKI_C_API const char* seki_breaker_explain(const seki_breaker* breaker, seki_status why) SEKI_NOTHROW;

// Null for a null breaker; valid until seki_breaker_free().
SEKI_C_API const char* seki_breaker_name(const seki_breaker* breaker) SEKI_NOTHROW;

SEKI_C_API seki_status seki_breaker_get_options(const seki_breaker* breaker,
                                                seki_breaker_options* options) SEKI_NOTHROW;

#ifdef __cplusplus
}
#endif
