// Bulkheads: at most so many at once, counted over all processes of the host, and no death keeps a place.
#pragma once

#include <stdint.h>

#include <seki/segment.h>
#include <seki/status.h>

#ifdef __cplusplus
extern "C" {
#endif

// A handle: safe to use from any number of threads, and valid in the child after fork(). It outlives the segment's handle that it came from. Should the
// bulkhead be deleted, every call answers SEKI_ERROR_DELETED; permits that are held work on, and can be given back.
typedef struct seki_bulkhead seki_bulkhead;

typedef struct seki_bulkhead_options {
    uint32_t size;  // sizeof(seki_bulkhead_options)

    // Permits that may be held at once, by all processes together. 1 to 65535. While it runs it can be raised up to what was made room for at its
    // creation: 1024, or four times as many as it began with. Lowered below what is held, it gives out nothing until enough came back.
    uint64_t max_concurrent;

    // The longest that anybody waits for a permit, up to 1 day. 0: SEKI_AS_CONFIGURED does not wait, and a timeout waits as long as it says.
    int64_t max_wait_ns;

    // How many may wait at once; who comes when so many wait is refused. 0 to 65535; raised while it runs like max_concurrent.
    uint64_t max_waiting;
} seki_bulkhead_options;
#define SEKI_BULKHEAD_OPTIONS_INIT {sizeof(seki_bulkhead_options), 10, 0, 100}

typedef struct seki_bulkhead_status {
    uint32_t size;  // sizeof(seki_bulkhead_status)
    uint64_t max_concurrent;
    uint64_t in_use;  // more than max_concurrent while it drains after a lowering
    uint64_t waiting;
    uint64_t acquired;   // permits given out, ever
    uint64_t rejected;   // calls that got none: full, too many waiting, or not in time
    uint64_t reclaimed;  // permits that came back because their process had died
} seki_bulkhead_status;
#define SEKI_BULKHEAD_STATUS_INIT {sizeof(seki_bulkhead_status), 0, 0, 0, 0, 0, 0}

// One place in a bulkhead, until seki_permit_release(). It may be given back by another thread, and outlives the handle that it came from. It belongs to
// the process that acquired it: in the child of a fork it is a copy that gives nothing back. Should the process die, whichever way, the permit
// comes back by itself. One that is copied is given back by one of the copies only.
typedef struct seki_permit {
    uint32_t size;  // sizeof(seki_permit)
    uint32_t held;  // 1: acquired, and not yet given back
    uint64_t opaque[10];
} seki_permit;
#define SEKI_PERMIT_INIT {sizeof(seki_permit), 0, {0}}

// The bulkhead of that name, made with `options` if there is none. One that exists with other options is SEKI_ERROR_DIFFERENT_OPTIONS. After an error
// `*bulkhead` is null.
SEKI_C_API seki_status seki_bulkhead_create(const seki_segment* segment, const char* name,
                                            const seki_bulkhead_options* options,
                                            seki_bulkhead** bulkhead) SEKI_NOTHROW;

// The bulkhead of that name, made by configuration or by another process; SEKI_ERROR_NOT_FOUND otherwise.
SEKI_C_API seki_status seki_bulkhead_get(const seki_segment* segment, const char* name,
                                         seki_bulkhead** bulkhead) SEKI_NOTHROW;

// Gives the handle back; the bulkhead stays, and so do permits. Null is nothing.
SEKI_C_API void seki_bulkhead_free(seki_bulkhead* bulkhead) SEKI_NOTHROW;

// Changes any option while it runs. What is held is never taken away.
SEKI_C_API seki_status seki_bulkhead_change(const seki_segment* segment, const char* name,
                                            const seki_bulkhead_options* options) SEKI_NOTHROW;

// Deletes the bulkhead. Its handles, everywhere, answer SEKI_ERROR_DELETED from then on; permits that are held work on, and can be given back.
SEKI_C_API seki_status seki_bulkhead_remove(const seki_segment* segment, const char* name) SEKI_NOTHROW;

// A permit if one is free: no lock, no system call, no allocation. SEKI_ERROR_BULKHEAD_FULL otherwise. A `permit` that is held is
// SEKI_ERROR_INVALID_ARGUMENT: give it back first.
SEKI_C_API seki_status seki_bulkhead_try_acquire(const seki_bulkhead* bulkhead, seki_permit* permit) SEKI_NOTHROW;

// In place of a timeout: as long as max_wait says.
#define SEKI_AS_CONFIGURED (-1)

// Waits for a permit for `timeout_ns`, but no longer than max_wait unless that is 0; or SEKI_AS_CONFIGURED. SEKI_ERROR_TIMEOUT when that did not do,
// SEKI_ERROR_BULKHEAD_FULL when it does not wait or too many do already. A signal does not end it. It waits no longer than until the deadline of the
// calling thread: SEKI_ERROR_DEADLINE_EXCEEDED then.
SEKI_C_API seki_status seki_bulkhead_acquire(const seki_bulkhead* bulkhead, int64_t timeout_ns,
                                             seki_permit* permit) SEKI_NOTHROW;

// Gives it back. SEKI_ERROR_INVALID_ARGUMENT, and nothing done, when it is not held, in a process that is not its owner, and when the process was taken for
// dead meanwhile. No lock, no allocation, and no system call unless somebody waits.
SEKI_C_API seki_status seki_permit_release(seki_permit* permit) SEKI_NOTHROW;

// Calls `function(context)` with a permit, acquired as SEKI_AS_CONFIGURED. SEKI_OK when it was called, else why not: SEKI_ERROR_BULKHEAD_FULL,
// SEKI_ERROR_TIMEOUT or SEKI_ERROR_DEADLINE_EXCEEDED. A C++ exception that leaves `function` ends in it as SEKI_ERROR_CALL_FAILED; it must not be left
// by longjmp().
SEKI_C_API seki_status seki_bulkhead_call(const seki_bulkhead* bulkhead, void (*function)(void* context),
                                          void* context);

SEKI_C_API seki_status seki_bulkhead_get_status(const seki_bulkhead* bulkhead,
                                                seki_bulkhead_status* status) SEKI_NOTHROW;

// What an error that one of the calls above answered means, in a sentence. Never null; valid as seki_last_error_message() is, which says the same then.
SEKI_C_API const char* seki_bulkhead_explain(const seki_bulkhead* bulkhead, seki_status why) SEKI_NOTHROW;

// Null for a null bulkhead; valid until seki_bulkhead_free().
SEKI_C_API const char* seki_bulkhead_name(const seki_bulkhead* bulkhead) SEKI_NOTHROW;

SEKI_C_API seki_status seki_bulkhead_get_options(const seki_bulkhead* bulkhead,
                                                 seki_bulkhead_options* options) SEKI_NOTHROW;

#ifdef __cplusplus
}
#endif
