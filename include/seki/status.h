// What can go wrong, in one vocabulary for every function of <seki/seki.h>.
#pragma once

#include <stdint.h>

// What libseki.so exports for C, and for all that can call C. Nothing is thrown past these functions.
#define SEKI_C_API __attribute__((visibility("default")))
#ifdef __cplusplus
#define SEKI_NOTHROW noexcept
#else
#define SEKI_NOTHROW
#endif

#ifdef __cplusplus
extern "C" {
#endif

// 0, or what went wrong. The numbers never change; later versions may have more of them.
typedef int32_t seki_status;
enum {
    SEKI_OK = 0,
    SEKI_ERROR_INVALID_ARGUMENT = 1,    // an option, name, key or cost outside what is accepted, or a null pointer
    SEKI_ERROR_NOT_FOUND = 2,           // no segment, or nothing of that name in it
    SEKI_ERROR_DIFFERENT_OPTIONS = 3,   // the name exists with other options
    SEKI_ERROR_DELETED = 4,             // what is behind this handle was deleted
    SEKI_ERROR_NO_PERMISSION = 5,       // the operating system refuses, or the file is not trustworthy
    SEKI_ERROR_NO_SPACE = 6,            // file system, segment or directory full, or no memory
    SEKI_ERROR_NOT_A_SEGMENT = 7,       // the file is something else, or a torn creation
    SEKI_ERROR_WRONG_VERSION = 8,       // a segment of another layout, or a library that does not fit the header
    SEKI_ERROR_WRONG_HOST = 9,          // a segment of an earlier boot or another time namespace
    SEKI_ERROR_DAMAGED = 10,            // the segment contradicts itself
    SEKI_ERROR_SUPERSEDED = 11,         // the segment was replaced or destroyed, and no successor can be used
    SEKI_ERROR_BUSY = 12,               // somebody else administers the segment, or owns it already
    SEKI_ERROR_READ_ONLY = 13,          // the segment is attached for reading only
    SEKI_ERROR_BULKHEAD_FULL = 14,      // all permits are held, or as many wait for one as may
    SEKI_ERROR_TIMEOUT = 15,            // it was waited for, and did not come in time
    SEKI_ERROR_SYSTEM = 16,             // any other refusal of the operating system
    SEKI_ERROR_RATE_LIMITED = 17,       // a limiter denied it: of seki_execute() alone, a denied check is SEKI_OK
    SEKI_ERROR_CIRCUIT_OPEN = 18,       // a breaker lets no calls through
    SEKI_ERROR_CALL_FAILED = 19,        // the function was called, and answered SEKI_OUTCOME_ERROR
    SEKI_ERROR_DEADLINE_EXCEEDED = 20,  // it would have ended after the deadline of the calling thread
    SEKI_ERROR_BUDGET_SPENT = 21,       // so many retries were made on this host that there may be no more for now
    SEKI_ERROR_LOAD_SHED = 22,          // a shedder let it not in
    SEKI_ERROR_INTERRUPTED = 23         // who waited was told to stop waiting, by seki_before_sleep()
};

// A stable identifier such as "not_found"; "unknown" for a number that there is not. Never null, valid for good.
SEKI_C_API const char* seki_status_name(seki_status status) SEKI_NOTHROW;

// What such an error means in general, in a sentence. Never null, valid for good.
SEKI_C_API const char* seki_status_message(seki_status status) SEKI_NOTHROW;

// What went wrong in the last call of this thread that answered an error, in a sentence: the thing, what is wrong, what is accepted, what to do.
//     limiter "login": limit 0 is too small: 1 to 10000000 per window
// Never null; "" when nothing went wrong yet. Like errno it says nothing of a call that went well. Valid until the thread's next error. The refusals that
// have to be quick (SEKI_ERROR_BULKHEAD_FULL, SEKI_ERROR_CIRCUIT_OPEN, SEKI_ERROR_RATE_LIMITED) say what they mean in general: seki_bulkhead_explain() and
// its like have the sentence.
SEKI_C_API const char* seki_last_error_message(void) SEKI_NOTHROW;

#ifdef __cplusplus
}
#endif
